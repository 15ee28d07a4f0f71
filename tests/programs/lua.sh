#!/bin/sh
# lua: trees, strings, closures and coroutines under a busy collector; the same output with and without the library.
. "$(dirname "$0")/common.sh"
need lua5.4

same_with_and_without lua5.4 "$source_directory/bench/programs/trees.lua"

cat >"$scratch/collect.lua" <<'LUA'
collectgarbage("generational")
local finalized = 0
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 20000 do
  weak[i] = setmetatable({ ("x"):rep(i % 300) }, { __gc = function() finalized = finalized + 1 end })
  local co = coroutine.wrap(function(a) for j = 1, 3 do a = a + coroutine.yield(a) end return a end)
  co(i) co(1) co(2)
  if i % 5000 == 0 then collectgarbage() collectgarbage("incremental") collectgarbage("generational") end
end
collectgarbage() collectgarbage()
local text = {}
for i = 1, 3000 do text[i] = ("%d:%s"):format(i, ("ab"):rep(i)) end
print(finalized, #table.concat(text), select("#", table.unpack(text)))
LUA
same_with_and_without lua5.4 "$scratch/collect.lua"
