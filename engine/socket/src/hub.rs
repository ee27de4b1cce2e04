//! The one owner of this server's connections and rooms, whatever carries them.
