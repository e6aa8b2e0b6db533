RATES = {"uk": 0.2, "de": 0.19}
LIMIT = 5
