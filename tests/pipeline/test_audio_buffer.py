import numpy as np
import pytest

from wkmp_lab.pipeline import audio_buffer as audio_buffer_module
from wkmp_lab.pipeline.audio_buffer import AudioBuffer, AudioBufferView


@pytest.mark.parametrize("limit_bytes", [64, 1 << 20])
def test_what_was_written_in_blocks_is_read_back_in_slices(monkeypatch, limit_bytes):
    monkeypatch.setattr(audio_buffer_module, "_MEMORY_LIMIT_BYTES", limit_bytes)
    samples = np.random.default_rng(1).standard_normal(1000).astype(np.float32)
    with AudioBuffer() as buffer:
        for block in np.array_split(samples, 7):
            buffer.append(block)
        assert len(buffer) == 1000
        np.testing.assert_array_equal(buffer[:], samples)
        np.testing.assert_array_equal(buffer[990:2000], samples[990:])
        assert len(buffer[2000:]) == 0


def test_a_view_is_a_stretch_of_the_whole():
    samples = np.arange(100, dtype=np.float32)
    with AudioBuffer() as buffer:
        buffer.append(samples)
        view = AudioBufferView(buffer, 40, 140)
        assert len(view) == 60
        np.testing.assert_array_equal(view[:5], samples[40:45])
        np.testing.assert_array_equal(view[55:80], samples[95:])
