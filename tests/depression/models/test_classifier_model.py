from __future__ import annotations

import numpy as np
import pytest
import torch
from reread.core.errors import DataError, ParameterError
from reread.core.training.epochs import LengthGrouped
from reread.depression.data import rank_values, splits, vocabulary
from reread.depression.models.classifier import Classifier, Form, Settings

QUICK = Settings(epochs=3, batch=48, rate=3e-3, warmup=2)


@pytest.fixture(scope="module")
def encoded(small):
    words = vocabulary.from_counts(small)
    return rank_values.encode(small, words, 24), small.cells["condition"].to_numpy(), words.n_tokens


@pytest.fixture(scope="module")
def fold(small):
    return splits.by_donor(small.cells, 4)[0]


def made(encoded, seed=0, layers=2):
    return Form(16, layers, 2, 24).make(encoded[2], seed)


def test_training_lowers_the_loss_and_keeps_the_best_epoch(encoded, fold):
    model = made(encoded)
    curve = model.fit(*encoded[:2], fold.train, fold.validation, settings=QUICK)

    assert curve["train_loss"].iloc[-1] < curve["train_loss"].iloc[0]
    assert curve["is_kept"].sum() == 1
    assert curve.loc[curve["is_kept"], "validation_loss"].iloc[0] == curve["validation_loss"].min()


def test_attention_begins_by_handing_on_the_mean_of_all_tokens(encoded):
    network = made(encoded, layers=1).network.bert
    seen = {}
    network.encoder.layer[0].attention.output.dense.register_forward_hook(
        lambda _, inputs, outputs: seen.update(mixed=inputs[0], handed_on=outputs)
    )
    tokens = torch.arange(1, 9)[None]
    with torch.no_grad():
        before = network.embeddings(tokens)
        network(tokens)

    torch.testing.assert_close(seen["handed_on"], seen["mixed"])
    mean = before.mean(dim=1, keepdim=True).expand_as(before)
    torch.testing.assert_close(seen["mixed"], mean, atol=0.05, rtol=0)


def test_a_killed_run_ends_as_an_uninterrupted_one(encoded, fold, tmp_path, monkeypatch):
    args = (*encoded[:2], fold.train, fold.validation)
    whole = made(encoded)
    curve = whole.fit(*args, settings=QUICK, seed=4)
    train, seen = LengthGrouped.run_epoch, []

    def counted(recipe):
        seen.append(1)
        return train(recipe)

    def killed(recipe):
        if len(seen) == 2:
            raise KeyboardInterrupt
        return counted(recipe)

    monkeypatch.setattr(LengthGrouped, "run_epoch", killed)
    with pytest.raises(KeyboardInterrupt):
        made(encoded).fit(*args, settings=QUICK, seed=4, checkpoint_folder=tmp_path)
    monkeypatch.setattr(LengthGrouped, "run_epoch", counted)
    resumed = made(encoded)
    again = resumed.fit(*args, settings=QUICK, seed=4, checkpoint_folder=tmp_path)

    assert again.equals(curve)
    assert len(seen) == QUICK.epochs, "an epoch was trained twice"
    np.testing.assert_array_equal(resumed.predict_proba(encoded[0]), whole.predict_proba(encoded[0]))


def test_accumulated_parts_give_the_step_of_the_whole_batch(encoded, fold):
    found = []
    for accumulate in (1, 3):
        model = made(encoded)
        model.network.eval()
        for one in model.network.modules():
            if isinstance(one, torch.nn.Dropout):
                one.p = 0.0
        settings = Settings(epochs=1, batch=24, rate=1e-3, warmup=0, accumulate=accumulate)
        model.fit(*encoded[:2], fold.train, settings=settings)
        found.append(model.predict_proba(encoded[0]))

    np.testing.assert_allclose(*found, atol=1e-4)


def test_frozen_layers_do_not_change_and_others_do(encoded, fold):
    model = made(encoded)
    before = {name: one.clone() for name, one in model.network.state_dict().items()}
    model.fit(
        *encoded[:2], fold.train, settings=Settings(epochs=1, batch=48, rate=1e-2, warmup=0, frozen_layers=1)
    )
    moved = {name for name, one in model.network.state_dict().items() if not torch.equal(one, before[name])}

    assert moved
    assert not [name for name in moved if "embeddings" in name or "layer.0." in name]
    assert [name for name in moved if "layer.1." in name]


def test_padding_does_not_change_a_prediction(encoded):
    cells = encoded[0]
    model = made(encoded)
    both = model.predict_proba(cells.take([0, 1, 2]))
    alone = [model.predict_proba(cells.take([i]))[0] for i in range(3)]

    np.testing.assert_allclose(both, alone, atol=1e-6)


def test_embeddings_are_the_hidden_states_of_the_reference(encoded):
    model = made(encoded)
    tokens = np.stack([encoded[0][i][:12] for i in range(4)]).astype(np.int64)
    with torch.inference_mode():
        states = model.network.bert(torch.as_tensor(tokens), output_hidden_states=True).hidden_states

    np.testing.assert_allclose(model.embed(tokens), states[-1].numpy().mean(axis=1), atol=1e-6)
    np.testing.assert_allclose(model.embed(tokens, pool="none"), states[-1].numpy(), atol=1e-6)


def test_bfloat16_is_near_float32(encoded, fold):
    model = made(encoded)
    model.fit(
        *encoded[:2], fold.train, settings=Settings(epochs=1, batch=48, rate=1e-3, precision="bfloat16")
    )
    exact, rounded = (model.predict_proba(encoded[0], precision=one) for one in ("float32", "bfloat16"))

    assert np.abs(exact - rounded).max() < 0.02


def test_a_saved_network_is_read_back(encoded, tmp_path):
    model = made(encoded)
    model.save(tmp_path / "model")
    again = Classifier.from_pretrained(tmp_path / "model")

    assert (tmp_path / "model/model.safetensors").is_file()
    np.testing.assert_array_equal(again.predict_proba(encoded[0]), model.predict_proba(encoded[0]))


def test_a_pretrained_network_without_a_head_gets_one(encoded, tmp_path):
    from transformers.models.bert.modeling_bert import BertForMaskedLM

    model = made(encoded)
    BertForMaskedLM(model.network.config).save_pretrained(tmp_path / "pretrained")
    first, second = (Classifier.from_pretrained(tmp_path / "pretrained", seed=3) for _ in range(2))

    assert first.network.config.num_labels == 2
    np.testing.assert_array_equal(first.predict_proba(encoded[0]), second.predict_proba(encoded[0]))


def test_wrong_checkpoints_and_settings_are_refused(encoded, fold, tmp_path):
    with pytest.raises(DataError, match="no checkpoint of a BERT network"):
        Classifier.from_pretrained(tmp_path)
    with pytest.raises(ParameterError, match="multiple of the heads"):
        Form(15, 1, 2, 24).make(50, 0)
    if torch.cuda.device_count() < 2:
        with pytest.raises(ParameterError, match="n_gpus is 2"):
            made(encoded).fit(*encoded[:2], fold.train, settings=Settings(n_gpus=2))
