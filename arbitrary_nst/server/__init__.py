"""`arbstyle serve`: a page and an HTTP API around one session.

A request's way, in a straight line:

    guard (who may) -> uploads (read whole, within limits) -> fields (options) -> jobs (queued, fair)
         -> lanes (decode -> the engine's one thread -> encode) -> shelf (kept for a while) -> answer from memory
"""
