# Builds a tree of values, groups, sorts, prints and reads it back.
[range(0; 12000) | {id: ., name: "name \(. * 7919 % 5003)", tags: [range(0; . % 6) | tostring], at: {x: (. / 2), y: [., .]}}]
| map(.at.sum = (.at.y | add))
| group_by(.name) | map({key: .[0].name, value: (map(.id) | add), text: (tojson | length)})
| sort_by(.value, .key) | tojson | fromjson
| [length, (map(.value) | add), (map(.text) | add), (.[-1] | .key)]
