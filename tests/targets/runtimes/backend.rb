# Tells its clock, calls Stripe when it is asked to, and has a timer of five minutes.
require "net/http"
require "socket"
require "time"

$stdout.sync = true

def stripe
  request = Net::HTTP::Get.new("/v1/balance", "Authorization" => "Bearer #{ENV.fetch("STRIPE_SECRET_KEY")}")
  Net::HTTP.start("api.stripe.com", 443, use_ssl: true) { |http| http.request(request) }.code
rescue StandardError => error
  error.message
end

Thread.new { loop { sleep 300; puts "tick at #{Time.now.to_i}" } }
server = TCPServer.new("127.0.0.1", ENV.fetch("PORT").to_i)
loop do
  client = server.accept
  path = client.gets.to_s.split[1]
  nil until client.gets.to_s.strip.empty?
  said = path == "/stripe" ? stripe : Time.now.to_i.to_s
  client.write "HTTP/1.1 200 OK\r\nDate: #{Time.now.httpdate}\r\nContent-Length: #{said.bytesize}\r\nConnection: close\r\n\r\n#{said}"
  client.close
end
