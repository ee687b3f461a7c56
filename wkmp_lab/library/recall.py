"""What workers can ask a store while an import writes to it."""

from dataclasses import dataclass
from pathlib import Path

from wkmp_lab.errors import StoreError
from wkmp_lab.identifying.decisions import decisions_on, find_boundaries, group_by_content
from wkmp_lab.library.store import ProfileStore, Store, find_profiles
from wkmp_lab.model import FileResult
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.known import Known
from wkmp_lab.settings import Settings
from wkmp_lab.signals import LevelProfile

FAR_BACKENDS = ("dask", "ray")
"""Their workers may be other machines, where the store's file is not, or cannot be locked."""


@dataclass(frozen=True, slots=True)
class StoreRecall:
    """Tells what a store knows of audio; travels to workers, and opens the store there to read."""

    path: Path
    folder: Path

    def __call__(self, head: str) -> tuple[Known, ...]:
        """Every result of audio whose hash begins so, with where a person has it cut."""
        try:
            with Store(self.path, folder=self.folder, is_writer=False) as store:
                results = store.find_by_audio(head)
                made = store.read_decisions() if results else ()
        except StoreError:
            # What cannot be asked is not known: the file is measured.
            return ()
        decisions = group_by_content(decision for _, decision in made)
        return tuple(
            Known(result, find_boundaries(decisions_on(result, decisions))) for result in results
        )


def make_recall(path: Path, folder: Path, settings: Settings) -> StoreRecall | None:
    """What the workers of an import may ask; None where they may not see the store."""
    return None if settings.running.backend in FAR_BACKENDS else StoreRecall(path, folder)


def make_profiles(path: Path, folder: Path, settings: Settings) -> ProfileStore | None:
    """Where the workers of an import keep level profiles; None where they keep none, or may not
    see the store at ``path``.
    """
    if settings.running.backend in FAR_BACKENDS or not settings.running.has_profiles:
        return None
    return find_profiles(path, folder=folder)


def read_kept_profile(
    result: FileResult, profiles: ProfileStore | None, settings: Settings
) -> LevelProfile | None:
    """The level profile that is kept of a file; None where there is none, or the file is not what
    it was when it was imported.
    """
    from wkmp_lab.pipeline import recut  # loads decoders: the process that gives work needs none

    keys = cache_keys.compute_keys(settings)
    source = result.source
    try:
        status = Path(result.path).stat()
    except OSError:
        return None
    is_same = (status.st_size, status.st_mtime_ns) == (source.size_bytes, source.mtime_ns)
    if not is_same or not cache_keys.is_read_alike(result, keys):
        return None
    return recut.read_kept(result.audio_hash, keys, profiles)
