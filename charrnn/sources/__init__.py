"""From the names of a corpus to decoded text: files, compression, tables, encodings."""
