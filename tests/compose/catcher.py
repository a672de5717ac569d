"""A mail server that keeps nothing and sends nothing on: the smoke test's other end of SMTP, standard library only."""

import asyncio
import signal

PORT = 1025


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say yes to everything of one connection."""
    writer.write(b"220 catcher\r\n")
    while line := await reader.readline():
        verb = line.split()[0].upper() if line.split() else b""
        if verb == b"DATA":
            writer.write(b"354 go on\r\n")
            while await reader.readline() not in (b".\r\n", b""):
                pass
            print("caught", flush=True)
        writer.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
        await writer.drain()
        if verb == b"QUIT":
            break
    writer.close()


async def main() -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with await asyncio.start_server(converse, "0.0.0.0", PORT):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
