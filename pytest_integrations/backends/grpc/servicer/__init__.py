"""A servicer of the user's without a server: grpcio-testing runs it, on the clock in force.

servicer    what a test holds: its methods, called
finding     which service it is
call        one call, as the test sees it
answering   one call, as grpcio-testing is given it
context     what the servicer is given, with what grpcio-testing leaves out
time        the clock in force, as grpcio-testing wants it
testing     grpcio-testing itself
"""
