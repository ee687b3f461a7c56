"""Whether an identity is fresh: what it rests on, and when asking again may tell more."""

from wkmp_lab.lookup import lookups
from wkmp_lab.lookup.flavor_lookups import lacks_flavor
from wkmp_lab.lookup.services import Sources
from wkmp_lab.model import FileResult, Phase
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.settings import Settings, compute_settings_key


def compute_identify_key(settings: Settings) -> str:
    """Key of all that an identity depends on besides the measured result."""
    return f"{lookups.IDENTIFY_VERSION}-{compute_settings_key(settings, Phase.IDENTIFYING)[:8]}"


def needs_identity(result: FileResult, settings: Settings, sources: Sources) -> bool:
    """True where asking may tell more than is known.

    Passages were not identified with these settings, a service did not answer, or one of them is
    not sure, or lacks its flavor, and there are other ``sources`` of it now
    (:func:`~wkmp_lab.lookup.services.name_sources`): a key has come, the catalogue has grown.
    What was matched is not asked again for that.
    """
    if not result.passages:
        return False
    made_by = dict(result.provenance)
    if made_by.get(cache_keys.IDENTIFIED) != compute_identify_key(settings):
        return True
    if result.failed_lookups:
        return True
    if made_by.get(cache_keys.ASKED, sources.identity) != sources.identity:
        return True
    has_more = bool(sources.flavor) and made_by.get(cache_keys.FLAVORED) != sources.flavor
    return has_more and lacks_flavor(result)
