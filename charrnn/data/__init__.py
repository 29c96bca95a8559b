"""From decoded text to training batches: vocabulary, ids on disk, records, splits, windows."""
