"""What is done with a store as a whole: how full it is, is it sound, copies of it, files out of it.

All of it while the collector runs; what of it works without one says so.
"""
