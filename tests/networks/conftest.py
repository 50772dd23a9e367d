from __future__ import annotations

import pytest
from reread.networks.data import load as data

FILES = {
    "mhsc-e-expression": "mHSC-E_ExpressionDataOrderedfl.csv",
    "mhsc-e-pairs": "GenePairListmHSC-E-Non-1000-GPL.csv",
    "mhsc-l-expression": "mHSC-L_ExpressionDataOrderedfl.csv",
    "mhsc-l-pairs": "GenePairListmHSC-L-Non-1000-GPL.csv",
    "mdc-expression": "mDC_TFs+500/BL--ExpressionData.csv",
    "mdc-network": "mDC_TFs+500/NonSpecific_BL--network.csv",
    "hesc500-train": "hESC500_scGREAT/Train_set.csv",
    "hesc500-validation": "hESC500_scGREAT/Validation_set.csv",
    "hesc500-test": "hESC500_scGREAT/Test_set.csv",
    "hesc500-predictions": "hESC500_scGREAT/labels_and_predictions.csv",
}


@pytest.fixture
def published(mirror, monkeypatch):
    """Let sources be loaded from the mirror, without the registry in between."""
    monkeypatch.setattr(
        data.registry, "fetch", lambda key: mirror / "networks" / FILES[key.removeprefix("networks/")]
    )
    return data.load
