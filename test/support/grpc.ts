import {
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  type status,
} from '@grpc/grpc-js';

const bytes = (value: Buffer) => value;
const method = (name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<Buffer, Buffer> => ({
  path: `/test.Spans/${name}`,
  requestStream,
  responseStream,
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
});

/** A service of bytes, with one method of each kind. */
export const spans = {
  /** Answers with the request; metadata ask for other things. */
  unary: method('Unary', false, false),
  /** Answers with the number of bytes that came. */
  collect: method('Collect', true, false),
  /** Answers as often as the first byte of the request says, with the request. */
  repeat: method('Repeat', false, true),
  /** Answers each message with itself. */
  echo: method('Echo', true, true),
};

const MESSAGE_LIMIT = 64 * 1024 * 1024;

/** A gRPC server in the place of ingestion, without TLS. */
export class FakeIngestion {
  private server = new Server();
  /** Metadata and deadlines of unary calls. */
  readonly seen: { readonly metadata: Metadata; readonly deadline: Date | number }[] = [];
  /** How many unary calls were cancelled while they waited. */
  cancelled = 0;

  constructor(readonly port: number) {}

  async start(): Promise<void> {
    this.server = new Server({ 'grpc.max_receive_message_length': MESSAGE_LIMIT });
    this.server.addService(spans, {
      unary: (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => this.unary(call, done),
      collect: (call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
        let total = 0;
        call.on('data', (message: Buffer) => {
          total += message.length;
        });
        call.on('end', () => done(null, Buffer.from(String(total))));
      },
      repeat: (call: ServerWritableStream<Buffer, Buffer>) => {
        for (let count = call.request[0] ?? 0; count > 0; count--) call.write(call.request);
        call.end();
      },
      echo: (call: ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (message: Buffer) => call.write(message));
        call.on('end', () => call.end());
      },
    });
    await new Promise<void>((resolve, reject) => {
      this.server.bindAsync(`127.0.0.1:${this.port}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  /** Ends it with every call that is under way, as a crash would. */
  stop(): void {
    this.server.forceShutdown();
  }

  /** Called with each message that is answered without an error, right before the answer. */
  protected acknowledge(_message: Buffer): void {}

  private unary(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void {
    this.seen.push({ metadata: call.metadata, deadline: call.getDeadline() });
    call.once('cancelled', () => {
      this.cancelled++;
    });
    const header = new Metadata();
    const trailer = new Metadata();
    for (const name of Object.keys(call.metadata.getMap())) {
      if (name.startsWith('x-header')) header.set(name, call.metadata.get(name)[0] ?? '');
      if (name.startsWith('x-trailer')) trailer.set(name, call.metadata.get(name)[0] ?? '');
    }
    const [code] = call.metadata.get('x-status');
    const [wait] = call.metadata.get('x-wait');
    const answer = () => {
      call.sendMetadata(header);
      if (code) done({ code: Number(code), details: 'as asked', metadata: trailer });
      else {
        this.acknowledge(call.request);
        done(null, call.request, trailer);
      }
    };
    if (wait) setTimeout(answer, Number(wait)).unref();
    else answer();
  }
}

/** Ingestion of the releases that ignore SIGTERM: it writes a message some time after it has acknowledged it. */
export class LateWriter extends FakeIngestion {
  /** The messages that it has written. */
  readonly written: string[] = [];
  private readonly unwritten = new Set<NodeJS.Timeout>();

  constructor(
    port: number,
    private readonly unwrittenMs: number,
  ) {
    super(port);
  }

  /** SIGKILL: what it has not written by now is lost. */
  kill(): void {
    for (const timer of this.unwritten) clearTimeout(timer);
    this.stop();
  }

  protected override acknowledge(message: Buffer): void {
    this.unwritten.add(setTimeout(() => this.written.push(String(message)), this.unwrittenMs));
  }
}

/** What came of a unary call. */
export interface Answer {
  readonly code: status;
  readonly details: string;
  readonly message?: Buffer;
  readonly header?: Metadata;
  readonly trailer: Metadata;
}

/** A client with a connection of its own, in the clear or trusting these certificates whoever they name. */
export function connectClient(
  port: number,
  trusted: readonly string[] | undefined,
  options: ClientOptions = {},
): Client {
  return new Client(
    `127.0.0.1:${port}`,
    trusted
      ? credentials.createSsl(Buffer.from(trusted.join('')), null, null, { checkServerIdentity: () => undefined })
      : credentials.createInsecure(),
    {
      'grpc.use_local_subchannel_pool': 1,
      // An address is no name that TLS may ask for.
      'grpc.ssl_target_name_override': 'spans.example.com',
      'grpc.max_receive_message_length': MESSAGE_LIMIT,
      'grpc.initial_reconnect_backoff_ms': 100,
      ...options,
    },
  );
}

/** A unary call that is never an exception. */
export function call(
  client: Client,
  message: Buffer,
  metadata: Record<string, string | Buffer> = {},
  { timeout = 20_000, waitForReady = false } = {},
): Promise<Answer> {
  const sent = new Metadata({ waitForReady });
  for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
  return new Promise((resolve) => {
    let header: Metadata | undefined;
    let failed: ServiceError | null = null;
    let received: Buffer | undefined;
    const { path, requestSerialize, responseDeserialize } = spans.unary;
    const deadline = Date.now() + timeout;
    client
      .makeUnaryRequest(path, requestSerialize, responseDeserialize, message, sent, { deadline }, (error, value) => {
        failed = error;
        received = value;
      })
      .on('metadata', (value) => {
        header = value;
      })
      .on('status', ({ code, details, metadata: trailer }) =>
        // The callback has the message, and comes after the status.
        setImmediate(() => resolve({ code: failed?.code ?? code, details, message: received, header, trailer })),
      );
  });
}
