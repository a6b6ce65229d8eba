# The cases of gRPC's interop-test-descriptions.md that the client in Debian's ruby-grpc has not got.
# ruby more_cases.rb GEM PORT CASE
require 'rubygems'
gem, port, test_case = ARGV
$LOAD_PATH.unshift("#{gem}/lib", "#{gem}/pb")
require 'grpc'
require 'src/proto/grpc/testing/test_services_pb'
include Grpc::Testing

def nulls(size)
  ("\0" * size).b
end

def check(what, expected, got)
  raise "#{what}: expected #{expected.inspect}, got #{got.inspect}" unless expected == got
end

def flag(value)
  Grpc::Testing::BoolValue.new(value: value)
end

def special_status_message(stub)
  message = "\t\ntest with whitespace\r\nand Unicode BMP \u263A and non-BMP \u{1F608}\t\n"
  status = EchoStatus.new(code: 2, message: message)
  stub.unary_call(SimpleRequest.new(response_status: status))
  raise 'it ended well'
rescue GRPC::Unknown => e
  check('message', message, e.details.dup.force_encoding('utf-8'))
end

def server_compressed_unary(stub)
  [true, false].each do |compressed|
    request = SimpleRequest.new(response_compressed: flag(compressed), response_size: 314_159,
                                payload: Payload.new(body: nulls(271_828)))
    check('size', 314_159, stub.unary_call(request).payload.body.length)
  end
end

def server_compressed_streaming(stub)
  asked = [[31_415, true], [92_653, false]].map do |size, compressed|
    ResponseParameters.new(size: size, compressed: flag(compressed))
  end
  replies = stub.streaming_output_call(StreamingOutputCallRequest.new(response_parameters: asked))
  check('sizes', [31_415, 92_653], replies.map { |each| each.payload.body.length })
end

def concurrent_large_unary(stub)
  threads = Array.new(10) do
    Thread.new do
      request = SimpleRequest.new(response_size: 314_159, payload: Payload.new(body: nulls(271_828)))
      stub.unary_call(request).payload.body.length
    end
  end
  check('sizes', [314_159] * 10, threads.map(&:value))
end

stub = Grpc::Testing::TestService::Stub.new("127.0.0.1:#{port}", :this_channel_is_insecure)
send(test_case, stub)
