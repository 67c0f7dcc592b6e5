"""What a relaunch notes of its stages, in the reader's words."""

import pytest

from app.pages.stage_words import stage_words
from app.words import Words


@pytest.mark.parametrize(
    ("noted", "english", "french"),
    [
        ("job 78 waits, held", "job 78 waits, held", "le job 78 attend, retenu"),
        (
            "waiting for the checkpoint, up to 600 s",
            "waiting for the checkpoint, up to 10 min",
            "attente du checkpoint, 10 min au plus",
        ),
        (
            "checkpoint saved at step 50 in /x/y.pt, after it was asked for",
            "checkpoint saved at step 50",
            "checkpoint enregistré au pas 50",
        ),
        (
            "job 78 waits for the end of job 77 only",
            "job 78 waits for the end of job 77 only",
            "le job 78 n’attend que la fin du job 77",
        ),
        (
            "the corrected command has started in job 77; it may still give its place back",
            "the corrected command has started in job 77; if it fails at once, the old one comes back",
            "la commande corrigée a démarré dans le job 77 ; si elle échoue aussitôt, l’ancienne revient",
        ),
        ("asked to replace job 77", "asked to replace job 77", "remplacement du job 77 demandé"),
        ("job 78 is PENDING, Priority", "job 78 waits: Priority", "le job 78 attend : Priority"),
        ("<b>sbatch</b>: error", "&lt;b&gt;sbatch&lt;/b&gt;: error", "&lt;b&gt;sbatch&lt;/b&gt;: error"),
    ],
)
def test_notes_are_told_in_the_readers_language(noted: str, english: str, french: str) -> None:
    """A note that is known is translated, its numbers kept; any other is shown as it is, escaped."""
    told = [str(stage_words(noted, Words(language))).replace("\u00a0", " ") for language in ("en", "fr")]
    assert [english, french] == told
