/** Two short sounds made of sine tones: nothing to download, soft enough for a whole day. */

interface Note {
  frequencyHz: number;
  startSeconds: number;
  lengthSeconds: number;
}

/** Rising fifth: somebody new is waiting. */
export function playHandoff(audio: AudioContext): void {
  play(audio, [
    { frequencyHz: 587, startSeconds: 0, lengthSeconds: 0.22 },
    { frequencyHz: 880, startSeconds: 0.14, lengthSeconds: 0.4 },
  ]);
}

/** One light tone: a customer of mine has written. */
export function playMessage(audio: AudioContext): void {
  play(audio, [{ frequencyHz: 784, startSeconds: 0, lengthSeconds: 0.22 }]);
}

function play(audio: AudioContext, notes: readonly Note[]): void {
  for (const note of notes) {
    const oscillator = audio.createOscillator();
    const volume = audio.createGain();
    const start = audio.currentTime + note.startSeconds;
    const end = start + note.lengthSeconds;
    oscillator.frequency.value = note.frequencyHz;
    // A swift rise and a slow fall: a tone that starts or ends abruptly clicks.
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, end);
    oscillator.connect(volume).connect(audio.destination);
    oscillator.start(start);
    oscillator.stop(end);
  }
}
