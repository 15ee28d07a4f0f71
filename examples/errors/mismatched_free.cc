// mismatched-free: an array made by new[] is given back by delete, which is for single objects.
#include <cstdio>

int main() {
  int *marks = new int[6]{1, 2, 2, 3, 1, 2};
  int sum = 0;
  for (int i = 0; i < 6; i++)
    sum += marks[i];
  std::printf("%d\n", sum);
  delete marks; // needs the brackets
}
