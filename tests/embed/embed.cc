/*
 * embed.cc - a C++ program that has nothing but the public header.
 *
 * Two simulations side by side, owned by smart pointers; the deliver callback
 * of one injects into the other, as a program does that couples models.
 * Compiled as strict C++17, linked with the shared library.
 */
#include "sim/ktlsim.h"

#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace
{

struct Destroy {
	void operator()(ktlsim *sim) const
	{
		ktlsim_destroy(sim);
	}
	void operator()(ktlsim_config *config) const
	{
		ktlsim_config_destroy(config);
	}
	void operator()(char *text) const
	{
		ktlsim_free(text);
	}
};

using Sim = std::unique_ptr<ktlsim, Destroy>;

void
check(int code, const ktlsim_error &error)
{
	if (code != 0)
		throw std::runtime_error(error.text);
}

void
expect(bool holds, const char *what)
{
	if (!holds)
		throw std::runtime_error(what);
}

Sim
create()
{
	std::unique_ptr<ktlsim_config, Destroy> config(ktlsim_config_create());
	ktlsim_error error{};
	ktlsim *sim = nullptr;
	ktlsim_flow flow{};

	check(ktlsim_config_set(config.get(), "crypto.mode", "model", &error),
	      error);
	check(ktlsim_config_set(config.get(), "replay.checksum", "ignore",
				&error),
	      error);
	check(ktlsim_create(&sim, config.get(), &error), error);
	flow.size = sizeof(flow);
	flow.client = "[2001:db8::1]:50000";
	flow.server = "[2001:db8::2]:443";
	flow.direction = KTLSIM_CLIENT_TO_SERVER;
	flow.tls_version = 0x0304;
	flow.cipher_suite = 0x1301;
	check(ktlsim_add_flow(sim, &flow, &error), error);
	return Sim(sim);
}

/* Ethernet, IPv6, TCP from offset 0 of the stream, and a record. */
std::vector<unsigned char>
make_frame(std::size_t record)
{
	const std::size_t tcp = 20 + record;
	std::vector<unsigned char> bytes{0,
					 0,
					 0,
					 0,
					 0,
					 0,
					 0,
					 0,
					 0,
					 0,
					 0,
					 0,
					 0x86,
					 0xdd,
					 0x60,
					 0,
					 0,
					 0,
					 static_cast<unsigned char>(tcp >> 8),
					 static_cast<unsigned char>(tcp & 255),
					 6,
					 64};
	const std::array<unsigned char, 12> prefix{0x20, 1, 0x0d, 0xb8};

	for (unsigned char host : {1, 2}) {
		bytes.insert(bytes.end(), prefix.begin(), prefix.end());
		bytes.insert(bytes.end(), {0, 0, 0, host});
	}
	bytes.insert(bytes.end(),
		     {0xc3, 0x50, 1,	0xbb, 0,    0,	  0, 0, 0, 0,
		      0,    0,	  0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0});
	bytes.insert(bytes.end(),
		     {23, 3, 3, static_cast<unsigned char>((record - 5) >> 8),
		      static_cast<unsigned char>((record - 5) & 255)});
	bytes.resize(bytes.size() + record - 5);
	return bytes;
}

void
inject(ktlsim *sim, const std::vector<unsigned char> &bytes,
       std::uint64_t time_ps)
{
	ktlsim_frame frame{};
	ktlsim_error error{};

	frame.size = sizeof(frame);
	frame.time_ps = time_ps;
	frame.data = bytes.data();
	frame.captured_len = frame.wire_len =
	    static_cast<std::uint32_t>(bytes.size());
	frame.link_type = 1;
	check(ktlsim_inject(sim, &frame, &error), error);
}

struct Link {
	ktlsim *to;
	std::vector<unsigned char> frame;
	std::uint64_t passed_ps;
};

void
pass_on(void *arg, const ktlsim_record *record)
{
	auto *link = static_cast<Link *>(arg);

	link->passed_ps = record->read_end_ps;
	inject(link->to, link->frame, record->read_end_ps);
}

void
keep(void *arg, const ktlsim_record *record)
{
	static_cast<std::vector<ktlsim_record> *>(arg)->push_back(*record);
}

void
run()
{
	Sim first = create(), second = create();
	std::vector<ktlsim_record> records;
	Link link{second.get(), make_frame(500), 0};
	ktlsim_error error{};
	char *text = nullptr;

	ktlsim_on_deliver(first.get(), pass_on, &link);
	ktlsim_on_deliver(second.get(), keep, &records);
	inject(first.get(), make_frame(300), 1000000);
	for (ktlsim *sim : {first.get(), second.get()}) {
		expect(ktlsim_run_until(sim, KTLSIM_NEVER) == 0, "run");
		check(ktlsim_finish(sim, &error), error);
	}
	expect(records.size() == 1, "the record of the second host");
	expect(records[0].wire_bytes == 500, "its size");
	expect(records[0].first_arrival_ps > link.passed_ps, "its time");
	expect(link.passed_ps > 1000000, "the time of the first one");
	expect(ktlsim_report_json(second.get(), &text) == 0, "the report");
	const std::unique_ptr<char, Destroy> json(text);
	expect(std::string(text).find("ktlsim-result-1") != std::string::npos,
	       "the schema's name");
}

} // namespace

int
main()
{
	try {
		run();
	} catch (const std::exception &error) {
		std::fprintf(stderr, "embed.cc: %s\n", error.what());
		std::puts("0 passed, 1 failed");
		return 1;
	}
	std::puts("1 passed, 0 failed");
	return 0;
}
