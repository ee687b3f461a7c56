"""What the picture of the explorer asks to read of its file: clips, details, beats."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from wkmp_lab.errors import InvalidInputError, WkmpLabError
from wkmp_lab.io.files.clips import (
    MAX_CLIP_S,
    find_crossfade,
    read_clip,
    read_crossfade,
)
from wkmp_lab.notebook.explorer.cutting import Cutting
from wkmp_lab.notebook.explorer.overview import read_beats
from wkmp_lab.notebook.explorer.packing import find_loudest, make_detail
from wkmp_lab.notebook.explorer.reading import NewestWishes, StretchReader, decode
from wkmp_lab.notebook.explorer.wave import WaveView, send_clip, send_detail

MAX_DETAIL_S = 60.0
MAX_DETAIL_COLUMNS = 8000
_Asked = Mapping[str, Any]


class Listening:
    """Reads for a picture, in a thread of its own.

    Parameters
    ----------
    cutting
        The file.
    wave
        The picture that asks, and is answered.
    say
        Told what went wrong, in words.
    """

    def __init__(self, cutting: Cutting, wave: WaveView, say: Callable[[str], None]) -> None:
        self._cutting = cutting
        self._wave = wave
        self._say = say
        self._stretches = StretchReader(cutting.path)
        self._beats: dict[int, tuple[float, ...]] = {}
        self._wishes = NewestWishes("wkmp-listen", ("clip", "detail", "beats"))
        self._deeds: dict[str, tuple[str, Callable[[_Asked], None]]] = {
            "play": ("clip", self._play),
            "crossfade": ("clip", self._play_crossfade),
            "detail": ("detail", self._look),
            "near": ("beats", self._find_beats),
        }

    def hear(self, asked: _Asked) -> None:
        """Take a message of the picture; those that ask for nothing to be read are for others."""
        if asked["kind"] in self._deeds:
            kind, deed = self._deeds[asked["kind"]]
            self._wishes.ask(kind, partial(self._try, deed, asked))

    def close(self) -> None:
        """Read nothing more."""
        self._wishes.close()

    def _try(self, deed: Callable[[_Asked], None], asked: _Asked) -> None:
        try:
            deed(asked)
        except (WkmpLabError, OSError) as error:
            self._say(str(error))
            self._wave.send({"kind": "silence", "view": asked["view"]})

    def _play(self, asked: _Asked) -> None:
        """From a place on, for as long as is asked for."""
        path, end_s = self._cutting.path, self._cutting.overview.profile.duration_s
        start_s = min(max(asked["at_s"], 0.0), end_s)
        length_s = min(asked["length_s"], MAX_CLIP_S, end_s - start_s)
        work = partial(read_clip, path, start_s=start_s, end_s=start_s + length_s)
        self._send(decode(work, path=path), asked, [(0.0, start_s)], length_s)

    def _play_crossfade(self, asked: _Asked) -> None:
        path, index = self._cutting.path, asked["passage"]
        if index == 0:
            raise InvalidInputError("no passage comes before the first")
        before, after = self._cutting.result.passages[index - 1 : index + 1]
        start_s, turn_s, length_s = find_crossfade(before, after)
        clip = decode(partial(read_crossfade, path, before=before, after=after), path=path)
        self._send(clip, asked, [(0.0, start_s), (turn_s, after.start_s)], length_s)

    def _send(
        self, clip: bytes, asked: _Asked, places: list[tuple[float, float]], length_s: float
    ) -> None:
        view, number = asked["view"], asked["number"]
        send_clip(self._wave, clip, view=view, number=number, places=places, length_s=length_s)

    def _look(self, asked: _Asked) -> None:
        overview = self._cutting.overview
        start_s = max(asked["start_s"], 0.0)
        end_s = min(asked["end_s"], start_s + MAX_DETAIL_S, overview.profile.duration_s)
        from_s, signal = self._stretches.read(start_s, end_s)
        detail = make_detail(
            signal,
            from_s=from_s,
            start_s=start_s,
            end_s=end_s,
            n_columns=min(asked["n_columns"], MAX_DETAIL_COLUMNS),
            loudest_db=find_loudest(overview.spectrogram),
        )
        send_detail(self._wave, detail, view=asked["view"])

    def _find_beats(self, asked: _Asked) -> None:
        """Find the beats around a place, once a second of the file."""
        path, at_s = self._cutting.path, asked["at_s"]
        if round(at_s) in self._beats:
            return
        end_s = self._cutting.overview.profile.duration_s
        self._beats[round(at_s)] = decode(
            partial(read_beats, path, at_s=at_s, end_s=end_s), path=path
        )
        self._wave.beats_s = sorted({beat for found in self._beats.values() for beat in found})
