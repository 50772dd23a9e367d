"""What the figures of models show, in sentences computed from the tables behind them."""

from __future__ import annotations

import pandas as pd

from reread.maize.methods.gene_order import FILE


def alt_of_curves(curve: pd.DataFrame) -> str:
    """What the training curves show: when training and validation accuracy come to nine tenths."""
    return f"Two line charts over {len(curve)} passes, loss and accuracy: {_accuracies(curve)}."


def said_of_curves(curve: pd.DataFrame) -> str:
    """The same, as a sentence for the page."""
    text = f"{_accuracies(curve)}."
    return text[0].upper() + text[1:]


def _accuracies(curve: pd.DataFrame) -> str:
    said = [f"training accuracy {_when(curve, 'accuracy')}"]
    if curve["val_accuracy"].notna().any():
        said.append(f"validation accuracy {_when(curve, 'val_accuracy')}")
    return ", ".join(said)


def _when(curve: pd.DataFrame, name: str) -> str:
    """When a curve comes to nine tenths, and where it ends."""
    reached = curve.loc[curve[name] >= 0.9, "epoch"]
    first = f"first reaches 0.9 at pass {reached.iloc[0]}" if len(reached) else "never reaches 0.9"
    return f"{first} and ends at {curve[name].iloc[-1]:.2f}"


def alt_of_ladder(summary: pd.DataFrame) -> str:
    """What the ladder shows: macro-F1 of each model on the first rung and on the last."""
    first, last = summary["kind"].iloc[0], summary["kind"].iloc[-1]
    values = summary.set_index(["kind", "model"])["macro_f1"]
    said = [
        f"{model} {values[first, model]:.2f}" + (f" to {values[last, model]:.2f}" if last != first else "")
        for model in summary["model"].unique()
    ]
    rungs = f"{first} hold-out to {last} hold-out" if last != first else f"{first} hold-out"
    return f"Dot plot of macro-F1, {rungs}: {', '.join(said)}."


def alt_of_order(runs: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """What the figure of orders shows: accuracy in both, and how many top genes two networks share."""
    is_file = runs["order"] == FILE
    means = pairs.groupby("differs", sort=False)["jaccard"].mean()
    shared = ", ".join(
        f"{value:.2f} with another {'seed and order' if k == 'both' else k}" for k, value in means.items()
    )
    accuracy = runs["accuracy"]
    return (
        f"Two dot plots. Mean accuracy is {accuracy[is_file].mean():.2f} in the order of the file and "
        f"{accuracy[~is_file].mean():.2f} shuffled; mean Jaccard of top genes is {shared}."
    )


def alt_of_confusion(table: pd.DataFrame) -> str:
    """What the confusion matrix shows: how many predictions are right, and the commonest mistake."""
    wrong = table[(table["tissue"] != table["predicted"]) & (table["n"] > 0)]
    right = table.loc[table["tissue"] == table["predicted"], "n"].sum()
    text = f"Heat map of true by named tissue: {right} of {table['n'].sum()} predictions are right"
    if wrong.empty:
        return f"{text}, and no tissue is taken for another."
    worst = wrong[wrong["n"] == wrong["n"].max()]
    if len(worst) > 1 and worst["n"].iloc[0] == 1:
        return f"{text}, and no tissue is taken twice for the same other one."
    n, mistake = worst["n"].iloc[0], f"{worst['tissue'].iloc[0]} for {worst['predicted'].iloc[0]}"
    times = "once" if n == 1 else f"{n} times"
    if len(worst) == 1:
        return f"{text}; the commonest mistake takes {mistake}, {times}."
    return f"{text}; {len(worst)} mistakes are the commonest, {times} each, {mistake} among them."
