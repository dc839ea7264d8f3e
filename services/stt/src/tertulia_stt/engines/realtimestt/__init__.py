"""RealtimeSTT: voice activity detection, endpointing and Whisper, one recorder per listening session.

engine     loads the models, makes sessions
session    one session: audio in at the pace of speech, events out in the port's order
recorder   one `AudioToTextRecorder`, made in time or not at all
whisper    the models that all sessions share; what must be there for them
ordering   the recorder's callbacks → the port's events (pure)
pace       when the next piece of audio is due (pure)
"""
