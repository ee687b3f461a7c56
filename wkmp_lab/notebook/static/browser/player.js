// One player for all rows: a clip is cut when it is asked for, and kept while the page is open.

import { make, say } from "./parts.js";

const MAX_CLIPS = 24;

/** The player; `state(row)` is still, waiting or playing. */
export function makePlayer(line) {
  const audio = make("audio", { controls: true, preload: "auto" });
  const name = make("span", { class: "wb-heard", role: "status" });
  const box = make("div", { class: "wb-player", hidden: true }, [audio, name]);
  const clips = new Map();
  const ears = [];
  let heard = null;
  let isWaiting = false;

  const tell = () => ears.forEach((ear) => ear());
  for (const event of ["playing", "pause", "ended"]) audio.addEventListener(event, tell);

  function start(clip) {
    say(name, clip.name);
    box.hidden = false;
    if (audio.src !== clip.url) audio.src = clip.url;
    audio.play().catch(() => tell());
  }

  function keep(row, clip) {
    clips.set(row, clip);
    const [oldest] = clips.keys();
    if (clips.size > MAX_CLIPS) {
      URL.revokeObjectURL(clips.get(oldest).url);
      clips.delete(oldest);
    }
  }

  line.on("clip", (said, buffers) => {
    const blob = new Blob([buffers[0]], { type: "audio/ogg" });
    keep(said.row, { name: said.name, url: URL.createObjectURL(blob) });
    if (said.row !== heard || !isWaiting) return;
    isWaiting = false;
    start(clips.get(said.row));
  });
  line.on("unheard", (said) => {
    if (said.row !== heard) return;
    isWaiting = false;
    heard = null;
    box.hidden = false;
    say(name, said.words);
    tell();
  });

  return {
    box,
    /** Play a row, or let it pause. */
    toggle(row) {
      if (row === heard && !isWaiting) {
        if (audio.paused) audio.play();
        else audio.pause();
        return;
      }
      if (row === heard) return;
      audio.pause();
      heard = row;
      isWaiting = !clips.has(row);
      if (isWaiting) line.ask("play", { row });
      else start(clips.get(row));
      tell();
    },
    state(row) {
      if (row !== heard) return "still";
      if (isWaiting) return "waiting";
      return audio.paused ? "still" : "playing";
    },
    get heard() {
      return heard;
    },
    listen: (ear) => ears.push(ear),
    close() {
      audio.pause();
      for (const clip of clips.values()) URL.revokeObjectURL(clip.url);
    },
  };
}
