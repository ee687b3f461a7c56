"""What kind of sound a passage is: music, speech, noise or silence."""

from wkmp_lab.flavoring.tempo import TempoReading
from wkmp_lab.flavoring.tonality import Pitches
from wkmp_lab.model import Kind

SILENT_DBFS = -70.0
"""A passage whose loudest 10 ms stay below is silence, as is a file (see ``segmenting``)."""
LIKELY_SPEECH = 0.5
FREE_STEADINESS = 0.05
"""The pitches of speech keep to no scale: over a minute their steadiness is 0.04 at most. Of all
songs that were seen only hard rock is below."""
SURE_BEAT = 0.5
"""A tempo of this probability is a beat, which speech has not."""
POSSIBLE_SPEECH = 0.2
"""Where neither beat nor key is heard it is noise or speech, and this much speaks for speech."""


def choose_kind(
    *,
    level_dbfs: float,
    speech: float | None,
    pitches: Pitches,
    tempo: TempoReading | None,
) -> Kind | None:
    """The kind of a passage, from how its level moves and from what its pitches and beat are.

    None where neither beat nor key is heard and nothing is known of its level.

    Parameters
    ----------
    level_dbfs
        Of its loudest 10 ms.
    speech
        Probability of speech by its level profile (see :mod:`wkmp_lab.dsp.speech`); None where
        that is unknown.
    pitches, tempo
        What was heard of both.
    """
    if level_dbfs < SILENT_DBFS:
        return "silence"
    if tempo is None and not pitches.has_key:
        if speech is None:
            return None
        return "speech" if speech > POSSIBLE_SPEECH else "noise"
    has_beat = tempo is not None and tempo.probability >= SURE_BEAT
    is_free = pitches.steadiness < FREE_STEADINESS and not has_beat
    return "speech" if is_free and (speech or 0.0) > LIKELY_SPEECH else "music"
