async def inspect(settings, c) -> int:
    return 0
