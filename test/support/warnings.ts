/** What this process warns of, from now on, in texts that begin with one. */
export function warnings(beginning: string): { /** The texts up to now; no more are heard. */ end(): string[] } {
  const heard: string[] = [];
  const hear = ({ message }: Error): void => void (message.startsWith(beginning) && heard.push(message));
  process.on('warning', hear);
  return {
    end: () => {
      process.off('warning', hear);
      return heard;
    },
  };
}
