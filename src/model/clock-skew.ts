/** From which on people are shown it. */
const WORTH_A_WORD = 5;

/** "12 s ahead of the master's"; `null`: no difference that is worth a word. */
export function skewText(seconds: number | undefined): string | null {
  if (seconds === undefined || Math.abs(seconds) < WORTH_A_WORD) return null;
  return `${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the master's`;
}
