/*
 * event_bench.cc - the event queue against std::priority_queue.
 *
 * Hold model: N events pending; one hold removes the first and schedules one at
 * its time plus an exponential increment (mean 1 ms, in picoseconds) from a
 * table of 64 K.  The queue is driven through its public interface, with
 * handler, object and argument; std::priority_queue holds bare 16-byte keys
 * (time, sequence).  Both take the same increments in short turns within one
 * process, and have to remove the same times.  A turn's ratio is theirs over
 * ours; the medians over all turns are printed.  Exit status 1: a bar missed.
 */
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <queue>
#include <tuple>
#include <vector>

extern "C" {
#include "sim/event.h"
#include "sim/rng.h"
}

namespace
{

constexpr size_t TABLE_SIZE = 65536;
constexpr uint64_t MEAN_PS = 1000000000;
constexpr int TURNS = 31;

struct key {
	uint64_t time;
	uint64_t sequence;

	bool operator>(const key &other) const
	{
		return std::tie(time, sequence) >
		       std::tie(other.time, other.sequence);
	}
};

std::vector<uint64_t>
increments_make(uint64_t seed)
{
	std::vector<uint64_t> table;

	for (size_t i = 0; i < TABLE_SIZE; i++) {
		struct variate exponential = {VARIATE_EXPONENTIAL, MEAN_PS, 0};

		table.push_back(
		    variate_draw(&exponential, rng_u64(seed, 0, 0, i)));
	}
	return table;
}

void
nothing_happens(void *, uint64_t, sim_time)
{
}

/* Both rivals: insert one, hold many; the sum of the times removed. */
class ours
{
      public:
	ours() : queue(event_queue_create())
	{
	}
	~ours()
	{
		event_queue_destroy(queue);
	}
	void insert(uint64_t time)
	{
		if (event_at(queue, time, EVENT_INTERNAL, nothing_happens, this,
			     0) == 0)
			std::abort();
	}
	uint64_t hold(const std::vector<uint64_t> &table, size_t from,
		      size_t count)
	{
		uint64_t sum = 0;

		for (size_t i = from; i < from + count; i++) {
			struct event event;

			event_pop(queue, &event);
			sum = sum * 3 + event.time;
			insert(event.time + table[i % TABLE_SIZE]);
		}
		return sum;
	}

      private:
	struct event_queue *queue;
};

class theirs
{
      public:
	void insert(uint64_t time)
	{
		queue.push({time, sequence++});
	}
	uint64_t hold(const std::vector<uint64_t> &table, size_t from,
		      size_t count)
	{
		uint64_t sum = 0;

		for (size_t i = from; i < from + count; i++) {
			key first = queue.top();

			queue.pop();
			sum = sum * 3 + first.time;
			insert(first.time + table[i % TABLE_SIZE]);
		}
		return sum;
	}

      private:
	std::priority_queue<key, std::vector<key>, std::greater<key>> queue;
	uint64_t sequence = 0;
};

template <class rival>
double
turn_ns(rival &r, const std::vector<uint64_t> &table, size_t from, size_t count,
	uint64_t *sum)
{
	auto start = std::chrono::steady_clock::now();

	*sum = r.hold(table, from, count);
	std::chrono::duration<double, std::nano> took =
	    std::chrono::steady_clock::now() - start;
	return took.count() / static_cast<double>(count);
}

double
median(std::vector<double> values)
{
	std::sort(values.begin(), values.end());
	return values[values.size() / 2];
}

/* False: the bar was missed. */
bool
bench(size_t pending, double bar)
{
	const std::vector<uint64_t> table = increments_make(pending);
	const size_t count = std::max<size_t>(pending / 2, 200000);
	std::vector<double> a_ns, b_ns, ratio;
	uint64_t a_sum, b_sum;
	size_t from = pending;
	ours a;
	theirs b;

	for (size_t i = 0; i < pending; i++) {
		a.insert(table[i % TABLE_SIZE]);
		b.insert(table[i % TABLE_SIZE]);
	}
	for (int turn = -4; turn < TURNS; turn++, from += count) {
		double ours_ns = turn_ns(a, table, from, count, &a_sum);
		double theirs_ns = turn_ns(b, table, from, count, &b_sum);

		if (a_sum != b_sum) {
			std::printf("event queue: the orders differ\n");
			std::exit(1);
		}
		if (turn < 0)
			continue; /* warming up */
		a_ns.push_back(ours_ns);
		b_ns.push_back(theirs_ns);
		ratio.push_back(theirs_ns / ours_ns);
	}
	std::printf("event queue   N = %-8zu %6.1f ns, std::priority_queue "
		    "%6.1f ns: %5.2fx (bar %.1fx)\n",
		    pending, median(a_ns), median(b_ns), median(ratio), bar);
	return median(ratio) >= bar;
}

} // namespace

int
main()
{
	bool good = bench(100, 1.4);

	good = bench(10000, 1.6) && good;
	good = bench(1000000, 3.0) && good;
	return good ? 0 : 1;
}
