-- What wrk sends: text updates, each with an update_id of its own, from a thousand chats in turn. Arguments: a file
-- with the body, the secret, the first id. Says in one line of JSON how it went.
local thread
local before, between, after

function setup(each) thread = each end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local body = file:read("*a")
  file:close()
  next_id = tonumber(args[3])
  -- The two numbers that change, with as many digits in each delivery.
  local id, chat = "100000000", "1111111"
  local head = "POST /hook HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
    .. "\r\nX-Telegram-Bot-Api-Secret-Token: " .. args[2]
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #body
    .. "\r\nConnection: keep-alive\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
  local id_at = body:find(id, 1, true)
  local chat_at = body:find('"chat":{"id":' .. chat, 1, true) + #'"chat":{"id":'
  before = head .. body:sub(1, id_at - 1)
  between = body:sub(id_at + #id, chat_at - 1)
  after = body:sub(chat_at + #chat)
end

function request()
  local id = next_id
  next_id = id + 1
  return before .. id .. between .. 1111111 + id % 1000 .. after
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '\n{"answers":%d,"nextId":%d,"seconds":%f,"cpuMs":%f,"p50":%f,"p99":%f,"refused":%d,"broken":%d}',
    summary.requests, thread:get("next_id"), summary.duration / 1e6, os.clock() * 1e3,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout
  ))
end
