// One player for all rows: a clip is cut when it is asked for, and kept while the page is open.

import { make, say } from "./parts.js";

const MAX_CLIPS = 24;

/** The player; `state(row)` is still, waiting or playing. */
export function makePlayer(line) {
  const audio = make("audio", { controls: true, preload: "auto" });
  const name = make("span", { class: "wb-heard", role: "status" });
  const box = make("div", { class: "wb-player", hidden: true }, [audio, name]);
  const clips = new Map();
  const spent = [];
  const ears = [];
  let heard = null;
  let isWaiting = false;

  const tell = () => ears.forEach((ear) => ear());
  for (const event of ["playing", "pause"]) audio.addEventListener(event, tell);
  audio.addEventListener("ended", goOn);

  /** At the end of the first seconds, which were sent ahead: on in the whole clip, where it is there. */
  function goOn() {
    const clip = clips.get(heard);
    const from = audio.duration;
    if (clip && clip.isWhole && audio.src !== clip.url) {
      start(clip);
      audio.currentTime = from;
    } else tell();
  }

  function start(clip) {
    say(name, clip.name);
    box.hidden = false;
    if (audio.src !== clip.url) audio.src = clip.url;
    audio.play().catch(() => tell());
  }

  function keep(row, clip) {
    if (clips.has(row)) spent.push(clips.get(row).url); // it may be sounding
    clips.delete(row);
    clips.set(row, clip);
    const [oldest] = clips.keys();
    if (clips.size > MAX_CLIPS) {
      URL.revokeObjectURL(clips.get(oldest).url);
      clips.delete(oldest);
    }
  }

  line.on("clip", (said, buffers) => {
    const blob = new Blob([buffers[0]], { type: "audio/ogg" });
    keep(said.row, { name: said.name, url: URL.createObjectURL(blob), isWhole: said.is_whole });
    if (said.row !== heard) return;
    if (isWaiting) start(clips.get(heard));
    else if (audio.ended) goOn();
    isWaiting = false;
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
      if (!isWaiting) start(clips.get(row));
      if (!clips.get(row)?.isWhole) line.ask("play", { row });
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
      for (const url of [...spent, ...[...clips.values()].map((clip) => clip.url)]) URL.revokeObjectURL(url);
    },
  };
}
