-- Binary trees, strings and closures, with the collector running all the time. Prints counts that cannot vary.

local function build(depth)
  if depth == 0 then return { false, false } end
  return { build(depth - 1), build(depth - 1) }
end

local function count(tree)
  return 1 + (tree[1] and count(tree[1]) or 0) + (tree[2] and count(tree[2]) or 0)
end

local nodes = 0
local kept = build(14)
for _ = 1, 60 do nodes = nodes + count(build(11)) end
print("nodes", nodes + count(kept))

local words, letters = {}, 0
for i = 1, 120000 do
  local word = ("word %d of %d"):format(i, (i * 7919) % 5003)
  words[#words + 1] = word:upper() .. word:rep(i % 4)
  letters = letters + #words[#words]
end
table.sort(words)
print("letters", letters, words[1], words[#words])

local calls = {}
for i = 1, 100000 do
  local upvalue = { i }
  calls[i % 5000 + 1] = function() upvalue[1] = upvalue[1] + 1; return upvalue[1] end
end
local sum = 0
for _, call in ipairs(calls) do sum = sum + call() end
print("sum", sum, #table.concat(words, ","))
