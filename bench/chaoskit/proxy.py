"""A small TCP proxy that misbehaves on purpose: one Link between a client and a server.

All links run on one event loop in a thread of its own. What a link does to its connections:

  reset        RST to both sides, now
  truncate     some more bytes of the answer pass, then RST
  lose-answer  requests still reach the server, its answers do not reach the client, then RST
  half-close   FIN to the client; the client may go on talking, nobody answers
  refuse       as reset, and new connections are reset too while the fault lasts
  stall        nothing passes while the fault lasts
  delay        every piece is late while the fault lasts
"""
import asyncio, random, socket, struct, threading

CUTS = ("reset", "truncate", "lose-answer", "half-close", "refuse", "stall", "delay")
PIECE = 1 << 16


class Loop:
    """An event loop in a thread; call(f, ...) runs f there and returns its value."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def call(self, f, *args):
        async def run():
            return f(*args)
        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(30)

    def wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


def abort(writer):
    """RST instead of FIN; what was not sent yet is thrown away."""
    s = writer.get_extra_info("socket")
    try:
        if s and s.family != socket.AF_UNIX:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass  # closed already
    writer.transport.abort()


class Pair:
    """One connection: client and server side, and how many bytes may still pass each way (None: any)."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.left = {"up": None, "down": None}
        self.drop_down = False
        self.gone = False

    def reset(self):
        self.gone = True
        abort(self.client)
        abort(self.server)


class Link:
    """target: (host, port) or the path of a Unix socket. port: where it listens on 127.0.0.1. delay: seconds that
    every piece is late, also without a fault."""

    def __init__(self, loop, name, target, delay=0.0):
        self.loop, self.name, self.target = loop, name, target
        self.pairs = set()
        self.cuts = 0  # connections that were cut, ever
        self.refusing, self.delay, self.usual_delay = False, delay, delay
        self.server = loop.wait(self._listen())
        self.port = self.server.sockets[0].getsockname()[1]

    async def _listen(self):
        self.open = asyncio.Event()
        self.open.set()
        return await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=PIECE)

    async def _accept(self, reader, writer):
        if self.refusing:
            self.cuts += 1
            abort(writer)
            return
        try:
            if isinstance(self.target, str):
                there = await asyncio.open_unix_connection(self.target, limit=PIECE)
            else:
                there = await asyncio.open_connection(*self.target, limit=PIECE)
        except OSError:
            abort(writer)  # the server is down; what a client sees then is a refused or a dead connection
            return
        pair = Pair(writer, there[1])
        self.pairs.add(pair)
        await asyncio.gather(self._pump(pair, reader, there[1], "up"), self._pump(pair, there[0], writer, "down"))
        self.pairs.discard(pair)
        writer.close()
        there[1].close()

    async def _pump(self, pair, source, sink, way):
        try:
            while not pair.gone:
                data = await source.read(PIECE)
                await self.open.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                if not data:
                    break
                if way == "down" and pair.drop_down:
                    continue
                left = pair.left[way]
                if left is not None:
                    data = data[:left]
                    pair.left[way] -= len(data)
                sink.write(data)
                await sink.drain()
                if pair.left[way] == 0:
                    pair.reset()
            if not pair.gone and sink.can_write_eof():
                sink.write_eof()
        except (OSError, RuntimeError):
            pair.reset()

    def _cut(self, kind, rnd):
        pairs = list(self.pairs)
        self.cuts += len(pairs)
        for p in pairs:
            if kind in ("reset", "refuse"):
                p.reset()
            elif kind == "truncate":
                p.left["down"] = rnd.randrange(1, 3000)
            elif kind == "lose-answer":
                p.drop_down = True
                asyncio.get_running_loop().call_later(rnd.uniform(0.02, 0.3), p.reset)
            elif kind == "half-close":
                if p.client.can_write_eof() and not p.client.is_closing():
                    p.client.write_eof()
                p.drop_down = True
        if kind == "refuse":
            self.refusing = True
        elif kind == "stall":
            self.open.clear()
        elif kind == "delay":
            self.delay = rnd.uniform(0.005, 0.04)

    def cut(self, kind, seed):
        self.loop.call(self._cut, kind, random.Random(seed))

    def _heal(self):
        self.refusing, self.delay = False, self.usual_delay
        self.open.set()

    def heal(self):
        """No fault any more; what was cut stays cut."""
        self.loop.call(self._heal)

    def _close(self):
        self.server.close()
        for p in list(self.pairs):
            p.reset()

    def close(self):
        self.loop.call(self._close)
