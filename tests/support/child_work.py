"""What tests let a child process do; it is loaded there by name."""

import os
import signal
import sys
import threading
import time

import numpy as np


def add(a, b):
    return a + b


def wait_for(mark):
    """Work until a file is there."""
    while not mark.exists():
        time.sleep(0.02)


def tell_pid():
    return os.getpid()


def tell_folder():
    return os.getcwd()  # noqa: PTH109


def tell_first_word():
    print("a word that is no answer")
    sys.stdout.flush()
    return sys.stdin.read()


def die(number):
    os.kill(os.getpid(), number)
    time.sleep(5.0)


def die_once(mark):
    """Die the first time, tell the pid the second."""
    if not mark.exists():
        mark.touch()
        die(signal.SIGKILL)
    return os.getpid()


def leave(status):
    os._exit(status)


def fail(error):
    raise error


class OddError(Exception):
    """An error that cannot be unpickled."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def fail_oddly():
    raise OddError("one", "two")


def make_array(n_bytes):
    return np.zeros(n_bytes, np.uint8)


def hang():
    time.sleep(60.0)


def abort_in_a_thread():
    thread = threading.Thread(target=os.abort)
    thread.start()
    thread.join()
    time.sleep(5.0)
