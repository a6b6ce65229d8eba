"""Pictures of the ledger: one layout, several renderings.

timeline       what is drawn and in which order: rows, lanes, bands, idle stretches; no characters, no pixels
text           the layout as the lines under a failed test
story          what became of each message of a queue, event by event, and many messages in a table
stats          percentiles
facts          the data of the health report
points         what one test did at each integration point
general_names  one name for operations that differ by an id
client_side    what the client kept back
queue_figures  what became of the messages of each queue
part           what one test adds to the report
replay         the command that runs a test again
health         all tests together
summary        the report as lines at the end of a run
page           the report as one HTML page; page_figures, page_matrix, page_tests and page.css are its parts
markup         elements that cannot be broken out of
svg            the layout as a picture, with shapes and a time_scale
"""
