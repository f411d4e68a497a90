"""The pure centre: what a call, a menu, an hour and a seat are. No I/O, no clock, no asyncio."""
