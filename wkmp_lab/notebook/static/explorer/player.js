// The sound of the explorer: clips that the kernel cuts are played one behind the other, without a
// seam, and at each moment it is known which place of the file is heard.

const FIRST_CLIP_S = 5; // short: it is to be heard at once
const NEXT_CLIP_S = 30;
const AHEAD_S = 12; // how long before the end of a clip the next is asked for

class Player {
  /** `ask(message)` asks the kernel for a clip; `tell()` is called when it starts or ends. */
  constructor({ duration_s, ask, tell, fail }) {
    Object.assign(this, { duration_s, ask, tell, fail });
    this.number = 0;
    this.pieces = [];
    this.is_playing = false;
  }

  play(from_s, until_s = this.duration_s) {
    this.begin();
    this.until_s = Math.min(until_s, this.duration_s);
    this.wanted_s = from_s;
    this.askNext(FIRST_CLIP_S);
  }

  crossfade(passage) {
    this.begin();
    this.until_s = null; // one clip and no more
    this.is_waiting = true;
    this.ask({ kind: "crossfade", passage, number: this.number });
  }

  /** The place that is heard now; null where nothing is. */
  find() {
    if (!this.context) return null;
    const now_s = this.context.currentTime;
    const piece = this.pieces.find(({ start_s, length_s }) => start_s <= now_s && now_s < start_s + length_s);
    if (!piece) return null;
    const [clip_s, file_s] = piece.places.filter(([from_s]) => from_s <= now_s - piece.start_s).at(-1);
    return file_s + now_s - piece.start_s - clip_s;
  }

  stop() {
    this.number += 1;
    for (const { source } of this.pieces) source.stop();
    this.pieces = [];
    clearInterval(this.timer);
    this.is_playing = this.is_waiting = false;
    this.tell();
  }

  close() {
    this.stop();
    this.context?.close();
  }

  /** Take a clip in: play it behind what plays. */
  async take({ number, places, length_s }, bytes) {
    if (number !== this.number) return;
    let sound;
    try {
      sound = await this.context.decodeAudioData(bytes);
    } catch {
      if (number === this.number) this.stop();
      this.fail("This browser cannot play Ogg Opus.");
      return;
    }
    if (number !== this.number) return;
    const last = this.pieces.at(-1);
    const soon_s = this.context.currentTime + 0.02;
    const start_s = last ? Math.max(last.start_s + last.length_s, soon_s) : soon_s;
    const source = this.context.createBufferSource();
    source.buffer = sound;
    source.connect(this.context.destination);
    source.start(start_s, 0, length_s);
    this.pieces.push({ source, start_s, length_s, places });
    this.is_waiting = false;
    this.watch();
  }

  begin() {
    this.stop();
    this.context ??= new AudioContext();
    this.context.resume();
    this.is_playing = true;
    this.timer = setInterval(() => this.watch(), 250);
    this.tell();
  }

  askNext(length_s) {
    this.is_waiting = true;
    length_s = Math.min(length_s, this.until_s - this.wanted_s);
    this.ask({ kind: "play", at_s: this.wanted_s, length_s, number: this.number });
    this.wanted_s += length_s;
  }

  /** Ask for more in time; at the end, stop. */
  watch() {
    const last = this.pieces.at(-1);
    if (this.is_waiting || !last) return;
    const left_s = last.start_s + last.length_s - this.context.currentTime;
    const is_more = this.until_s !== null && this.wanted_s < this.until_s - 0.001;
    if (is_more && left_s < AHEAD_S) this.askNext(NEXT_CLIP_S);
    if (!is_more && left_s <= 0) this.stop();
  }
}
