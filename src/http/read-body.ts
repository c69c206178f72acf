type Body = ReadableStream<Uint8Array>;

/** The whole body, or, where it is longer than `maxBytes`, a stream that gives it from the beginning. */
export async function readBody(
  stream: Body | null,
  maxBytes: number,
): Promise<{ body: Buffer; rest?: never } | { body?: never; rest: Body }> {
  const chunks: Uint8Array[] = [];
  const reader = stream?.getReader();
  let length = 0;
  for (;;) {
    const next = await reader?.read();
    if (!reader || !next || next.done) return { body: Buffer.concat(chunks) };
    chunks.push(next.value);
    length += next.value.length;
    if (length > maxBytes) return { rest: continued(chunks, reader) };
  }
}

function continued(chunks: readonly Uint8Array[], reader: ReadableStreamDefaultReader<Uint8Array>): Body {
  return new ReadableStream({
    start: (controller) => chunks.forEach((chunk) => controller.enqueue(chunk)),
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
