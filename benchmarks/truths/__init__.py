"""Other people's music with known tempo, beats and key, made from what packages ship."""
