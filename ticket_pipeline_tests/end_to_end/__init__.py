"""The whole system at work: real servers, Dagster's own daemon and web server, kills, and a real browser.

What belongs here: claims that only all parts together can keep. What does not: anything one room can prove alone.
"""
