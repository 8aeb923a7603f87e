"""Carrying bytes: sockets, TLS, asyncio. What they mean is the protocol's business."""
