"""Real lock models from each source: nothing wrong, and everything found that can be known."""

import pytest

from tests.devices import Model, load
from tests.devices.judge import SOURCES, Via, judge


@pytest.mark.parametrize("via", SOURCES, ids=lambda via: via.name)
@pytest.mark.parametrize("model", load(), ids=lambda model: model.name)
def test_what_a_model_reports_is_understood_or_left_alone(model: Model, via: Via) -> None:
    if not via.reaches(model):
        return
    findings = judge(via, model)
    assert not {(one.dp.id, *one.wrong) for one in findings if one.wrong}
    assert not {(one.dp.id, *one.missing) for one in findings if one.missing and one.knowable}
