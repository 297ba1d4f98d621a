"""What the notebooks show: one module per stage, named like it, on top of a few common ones.

``images`` draws with OpenCV, ``charts`` with matplotlib, ``tables`` writes HTML, ``video`` fetches frames.
Everything is bounded: a video of an hour gives hardly more to decode and to view than one of a minute.
"""
