"""What can be read off the spans of results."""


def count_at_once(results, phase):
    """The most files that were in a phase at the same time."""
    spans = [span for result in results for span in result.spans if span.phase is phase]
    return max((sum(s.start_s <= at.start_s < s.end_s for s in spans) for at in spans), default=0)
