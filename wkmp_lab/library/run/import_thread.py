"""The work of an import in a thread of its own: scan, sort out, measure, identify, cut again."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from wkmp_lab._version import __version__
from wkmp_lab.display.numbers import format_count
from wkmp_lab.errors import CancelledError
from wkmp_lab.identifying.decisions import CutDecision, decisions_on, find_boundaries
from wkmp_lab.io.files.scanning import scan_folder
from wkmp_lab.library import changes
from wkmp_lab.library.recall import make_profiles, make_recall
from wkmp_lab.library.relocate import find_former_folder, offer_relocation
from wkmp_lab.library.run.costs import expect_costs
from wkmp_lab.library.run.import_run import ImportRun, place
from wkmp_lab.library.run.stored import MAX_HELD
from wkmp_lab.library.store import Store, StoredRun, find_profiles, packed
from wkmp_lab.lookup.lookup_thread import LookupThread, identify_now
from wkmp_lab.model import FileResult, Phase, SourceFile
from wkmp_lab.pipeline import cache_keys
from wkmp_lab.pipeline.health import describe_error
from wkmp_lab.progress.board import Board, Control
from wkmp_lab.runner.task_queue import order_tasks
from wkmp_lab.runner.worker import Task, TaskOutcome


class ImportThread:
    """The thread that carries an import out, once.

    It alone opens and closes what the parts of the run hold, and says what the run is at. The
    lookup thread and the supervisor thread call back into it, with one file or one line at a time.

    Parameters
    ----------
    run
        Of which nothing has happened yet.
    retry_failed
        Try files again that failed before.
    rescan
        Look into every file, whatever its size and times say.
    """

    def __init__(
        self, run: ImportRun, *, retry_failed: bool = False, rescan: bool = False
    ) -> None:
        self._run = run
        self._retry_failed = retry_failed
        self._rescan = rescan
        self._is_first = False

    def start(self) -> None:
        """Begin, and return at once."""
        threading.Thread(target=self._work, name="wkmp-import", daemon=True).start()

    def _work(self) -> None:
        run = self._run
        _block_interrupts()
        try:
            self._is_first = not run.store.path.exists()
            with run.store.keep_open() as store:
                for line in store.mend():
                    self._remark(f"damaged in the store, and taken out: {line}")
                run.take_decisions(store)
                self._import(store)
        except CancelledError:
            run.control.enter("cancelled")
        except BaseException as error:  # noqa: BLE001 (the thread's boundary: wait() raises it)
            run.control.fail(error)
            self._log(f"failed: {describe_error(error)}")
        finally:
            run.progress.close()
            run.control.end()
            run.finished.end()

    def _import(self, store: Store) -> None:
        run = self._run
        scan = scan_folder(run.folder, settings=run.settings.scanning, on_found=self._found)
        self._log(
            f"{format_count(len(scan.files), 'audio file')} found, {len(scan.skipped)} skipped"
        )
        self._offer_relocation(scan.files)
        begun = StoredRun(run.session_id, run.started_s, None, "running", 0, run.settings)
        store.put_run(begun, version=__version__)
        store.put_record(run.recorder.read())
        store.mark_missing(file.path for file in scan.files)
        self._drop_profiles(store)
        board = run.progress.open(scan)
        run.control.attach(board)
        run.control.enter("running")
        self._measure_and_identify(scan.files, store, board)
        self._cut_again(scan.files, store, board)
        self._tell_of_lost_decisions()
        run.control.enter("cancelled" if run.control.is_cancelled else "completed")
        ended = replace(
            begun,
            ended_s=time.time(),
            state=run.control.state,
            n_jobs=run.progress.n_jobs,
        )
        store.put_run(ended, version=__version__)
        run.recorder.end()
        store.put_record(run.recorder.read())
        if len(scan.files) > MAX_HELD:
            packed.pack(store)
        self._log(f"{run.control.state}: {len(run.results.read())} of {len(scan.files)} files")

    def _drop_profiles(self, store: Store) -> None:
        """Where none are to be kept, keep none of an earlier import either."""
        if self._run.settings.running.has_profiles:
            return
        profiles = find_profiles(store.path, folder=Path(self._run.folder))
        if profiles is not None:
            profiles.delete()

    def _measure_and_identify(
        self, files: Sequence[SourceFile], store: Store, board: Board
    ) -> None:
        run = self._run
        found = self._sort_out(files, store, retry_failed=self._retry_failed, rescan=self._rescan)
        self._log(
            f"{format_count(len(found.tasks), 'file')} to look at, "
            f"{len(found.known)} known, {len(found.copies)} copies"
        )
        store.put_many(found.copies, run_id=run.session_id)
        with LookupThread(
            run.settings,
            folder=run.folder,
            on_identified=lambda result: self._finish(result, store),
            on_revised=lambda result: run.revise(result, store),
            is_cancelled=lambda: run.control.is_cancelled,
            on_change=lambda n_now, reason: self._adapt(n_now, reason, Phase.IDENTIFYING),
            on_broken=self._stop_waiting,
        ) as lookup_thread:
            run.progress.expect(
                expect_costs(
                    files,
                    found,
                    needs_identity=lookup_thread.needs,
                    is_limited=run.progress.is_limited,
                )
            )
            for result in (*found.known, *found.copies):
                self._take(result, lookup_thread, is_new=False)
            for _, _, outcome in self._run_tasks(found.tasks, board):
                self._record(store)
                if outcome is not None:
                    store.put(outcome, run_id=run.session_id)
                    self._take(outcome, lookup_thread, is_new=True)
            lookup_thread.finish()
            run.progress.n_requests = lookup_thread.n_requests
            for line in lookup_thread.remarks:
                self._remark(line)

    def _cut_again(self, files: Sequence[SourceFile], store: Store, board: Board) -> None:
        """Measure files again, once, whose release has told other lengths of their pieces, and
        those that turned out to hold what a person has cut otherwise.
        """
        run = self._run
        again = {each.path for each in run.results.read() if self._is_to_be_cut_again(each)}
        if not again or run.control.is_cancelled:
            return
        found = self._sort_out(files, store, retry_failed=False, rescan=False)
        tasks = [task for task in found.tasks if task.source.path in again]
        self._log(f"cut again, by releases or by hand: {format_count(len(tasks), 'file')}")
        for _, _, outcome in self._run_tasks(tasks, board):
            if outcome is not None:
                run.revise(identify_now(outcome, run.settings, folder=run.folder), store)

    def _is_to_be_cut_again(self, result: FileResult) -> bool:
        if cache_keys.is_to_be_cut_again(result):
            return True
        made = decisions_on(result, self._run.results.decisions)
        is_cut = any(isinstance(each, CutDecision) for each in made)
        return (
            is_cut
            and bool(result.passages)
            and not cache_keys.is_cut_by(result, find_boundaries(made))
        )

    def _sort_out(
        self, files: Sequence[SourceFile], store: Store, *, retry_failed: bool, rescan: bool
    ) -> changes.Sorting:
        place = (store.path, Path(self._run.folder), self._run.settings)
        return changes.sort_out(
            files,
            store=store,
            settings=self._run.settings,
            decisions=self._run.results.decisions,
            recall=make_recall(*place),
            profiles=make_profiles(*place),
            retry_failed=retry_failed,
            rescan=rescan,
        )

    def _run_tasks(self, tasks: Sequence[Task], board: Board) -> Iterator[TaskOutcome]:
        """Outcomes as they come; workers are made for these tasks, and for none where none are."""
        run = self._run
        if not tasks:
            return
        from wkmp_lab.runner.runner import Runner  # loads joblib

        with Runner(
            run.settings, n_tasks=len(tasks), queue=run.queue, on_change=self._adapt
        ) as runner:
            run.progress.n_jobs = runner.n_jobs
            run.recorder.begin(runner.n_jobs)
            self._log(f"parallelism level {runner.n_jobs}")
            yield from runner.run(self._order(tasks), board)

    def _order(self, tasks: Sequence[Task]) -> list[Task]:
        order = self._run.settings.running.order
        if isinstance(order, tuple):
            order = tuple(place(path, self._run.folder) for path in order)
        return order_tasks(tasks, order)

    def _take(self, result: FileResult, lookup_thread: LookupThread, *, is_new: bool) -> None:
        """Count a measured result, and hand it to the lookup thread if it is to be identified."""
        run = self._run
        is_pending = lookup_thread.needs(result)
        run.results.put(result, is_finished=not is_pending, is_new=is_new)
        if not is_pending:
            self._show_finished(result, is_new=is_new)
        elif not is_new:
            run.progress.show_measured(result)
        lookup_thread.put(result)

    def _finish(self, result: FileResult, store: Store) -> None:
        """Keep a result that the lookup thread has identified."""
        store.put(result, run_id=self._run.session_id)
        self._run.results.put(result, is_finished=True, is_new=True)
        self._show_finished(result, is_new=True)

    def _show_finished(self, result: FileResult, *, is_new: bool) -> None:
        """Show a file of which nothing more is to come, to displays and to who waits for it."""
        run = self._run
        run.progress.show_done(result)
        if is_new:
            self._log_file(result)
        run.finished.add(run.progress.find_place(result.path) - 1, result.path)

    def _record(self, store: Store) -> None:
        """Note what the work takes here, and keep how many files could go on if that changed."""
        self._run.recorder.sample()
        if (record := self._run.recorder.take_news()) is not None:
            store.put_record(record)

    def _adapt(self, n_now: int, reason: str, phase: Phase | None) -> None:
        """Show how many files go on at once, in a phase or at all; called by the runner's watch
        and the look-ups' threads.
        """
        if phase is None:
            self._run.progress.n_jobs = n_now
        self._run.recorder.note_limit(n_now, reason, phase=phase)
        if reason:
            self._log(f"now {n_now} at a time{f' in {phase}' if phase else ''}: {reason}")

    def _stop_waiting(self) -> None:
        """Let nobody wait for a place that only an answer would free; called by lookup threads."""
        if self._run.settings.running.design == "files":
            self._run.control.ask(Control.CANCEL)

    def _found(self, n_files: int) -> None:
        self._run.progress.show_found(n_files)
        if self._run.control.is_cancelled:
            raise CancelledError("cancelled during the scan")

    def _log_file(self, result: FileResult) -> None:
        run = self._run
        reason = f" ({result.failure.reason})" if result.failure else ""
        count = format_count(len(result.passages), "passage")
        self._log(
            f"Processing file {run.progress.find_place(result.path)} of {run.progress.n_found} "
            f"({run.results.n_finished} finished): {result.status}{reason}, {count} | "
            f"{result.path!r}"
        )

    def _offer_relocation(self, files: Sequence[SourceFile]) -> None:
        """Say so where files that have no store yet are known under a root that is gone."""
        folder = Path(self._run.folder)
        former = find_former_folder(folder, files) if self._is_first else None
        if former is not None:
            self._remark(offer_relocation(former, folder))

    def _tell_of_lost_decisions(self) -> None:
        run = self._run
        if run.control.is_cancelled or not run.results.decisions:
            return
        held = {each for r in run.results.read() for each in (r.sha256, r.audio_hash)}
        lost = {content for content in run.results.decisions if content not in held}
        if lost:
            count = format_count(len(lost), "file")
            self._remark(
                f"decisions by hand on {count} find no file any more; they are kept, and listed "
                "in session.decisions"
            )

    def _remark(self, line: str) -> None:
        self._run.log.remark(line, n_jobs=self._run.progress.n_jobs)

    def _log(self, line: str) -> None:
        self._run.log.note(line, n_jobs=self._run.progress.n_jobs)


def _block_interrupts() -> None:
    """Let no interrupt reach this thread, and the processes that it makes.

    A notebook's interrupt is a signal to every process of its group; what a process is born with
    is what its maker's thread lets through.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
