"""Real lock models from each source: nothing wrong, and everything found that can be known."""

import pytest

from tests.devices import Model, load
from tests.devices.judge import SOURCES, judge


@pytest.mark.parametrize("model", load(), ids=lambda model: model.name)
def test_what_a_model_reports_is_understood_or_left_alone(model: Model) -> None:
    findings = [
        (via.name, one) for via in SOURCES if via.reaches(model) for one in judge(via, model)
    ]
    assert not {(via, one.dp.id, *one.wrong) for via, one in findings if one.wrong}
    assert not {
        (via, one.dp.id, *one.missing) for via, one in findings if one.missing and one.knowable
    }
