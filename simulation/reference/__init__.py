"""The reference pages, made from what they describe: commands, the JSON that they print, scenario fields, faults."""
