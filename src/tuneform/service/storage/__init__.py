"""Enough of the Cloud Storage JSON API for uploads: what a tuning job reads its examples from.

objects      the objects of all buckets, on disk; what tuning jobs read
index        which objects and uploads there are, in SQLite
checksum     MD5 and CRC32C while bytes go by
errors       refusals in the words of Cloud Storage
parts        the body of an upload in two parts
asked        one request as values: names, preconditions, ranges
resources    objects and buckets as JSON
uploads      the three ways to send an object
application  the routes
"""
