/*
 * test_handshake_rfc8448.c - the traces of RFC 8448, sections 3 and 4.
 *
 * Goal: bytes that nobody here made.  A simple handshake and a resumed one with
 * 0-RTT data, as the RFC prints their records and secrets; the application data
 * behind the border must open with the keys that the automaton installs.
 */
#include "traces/handshake.h"

#include <string.h>

#include "tests/support/hex.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_ear.h"
#include "traces/tls_open.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const char simple_client[] =
    /* ClientHello */
    "16030100c4010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912"
    "ec18a2ef6283024dece7000006130113031302010000910000000b000900000673"
    "6572766572ff01000100000a00140012001d001700180019010001010102010301"
    "0400230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c0"
    "6e51c13cae4d5413691e529aaf2c002b0003020304000d0020001e040305030603"
    "020308040805080604010501060102010402050206020202002d00020101001c00"
    "024001"
    /* Finished */
    "170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44"
    "d87f38f80338ac98fc46deb384bd1caeacab6867d726c40546"
    /* application data */
    "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b"
    "9819a8a5b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aee"
    "bb21694915e4"
    /* close_notify */
    "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";

static const char simple_server[] =
    /* ServerHello */
    "160303005a020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb14"
    "34dac155772ed3e2692800130100002e00330024001d0020c9828876112095fe66"
    "762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304"
    /* EncryptedExtensions to Finished */
    "17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35edf"
    "7869fcf40aa40aa2b8ea73f848a7ca07612ef9f945cb960b4068905123ea78b111"
    "b429ba9191cd05d2a389280f526134aadc7fc78c4b729df828b5ecf7b13bd9aefb"
    "0e57f271585b8ea9bb355c7c79020716cfb9b1183ef3ab20e37d57a6b9d7477609"
    "aee6e122a4cf51427325250c7d0e509289444c9b3a648f1d71035d2ed65b0e3cdd"
    "0cbae8bf2d0b227812cbb360987255cc744110c453baa4fcd610928d809810e4b7"
    "ed1a8fd991f06aa6248204797e36a6a73b70a2559c09ead686945ba246ab66e5ed"
    "d8044b4c6de3fcf2a89441ac66272fd8fb330ef8190579b3684596c960bd596eea"
    "520a56a8d650f563aad27409960dca63d3e688611ea5e22f4415cf9538d51a200c"
    "27034272968a264ed6540c84838d89f72c24461aad6d26f59ecaba9acbbb317b66"
    "d902f4f292a36ac1b639c637ce343117b659622245317b49eeda0c6258f100d7d9"
    "61ffb138647e92ea330faeea6dfa31c7a84dc3bd7e1b7a6c7178af36879018e3f2"
    "52107f243d243dc7339d5684c8b0378bf30244da8c87c843f5e56eb4c5e8280a2b"
    "48052cf93b16499a66db7cca71e4599426f7d461e66f99882bd89fc50800becca6"
    "2d6c74116dbd2972fda1fa80f85df881edbe5a37668936b335583b599186dc5c69"
    "18a396fa48a181d6b6fa4f9d62d513afbb992f2b992f67f8afe67f76913fa388cb"
    "5630c8ca01e0c65d11c66a1e2ac4c85977b7c7a6999bbf10dc35ae69f551561463"
    "6c0b9b68c19ed2e31c0b3b66763038ebba42f3b38edc0399f3a9f23faa63978c31"
    "7fc9fa66a73f60f0504de93b5b845e275592c12335ee340bbc4fddd502784016e4"
    "b3be7ef04dda49f4b440a30cb5d2af939828fd4ae3794e44f94df5a631ede42c17"
    "19bfdabf0253fe5175be898e750edc53370d2b"
    /* NewSessionTicket */
    "17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d"
    "6af8f6b580dcf3d11d63c758db289a015940252f55713e061dc13e078891a38efb"
    "cf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e09c30ba"
    "1e62972ac46f75f7b981be63439b2999ce13064615139891d5e4c5b406f16e3fc1"
    "81a77ca475840025db2f0a77f81b5ab05b94c01346755f69232c86519d86cbeeac"
    "87aac347d143f9605d64f650db4d023e70e952ca49fe5137121c74bc2697687e24"
    "8746d6df353005f3bce18696129c8153556b3b6c6779b37bf15985684f"
    /* application data */
    "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e3"
    "0efaf97d90e6dffc602dcb501a59a8fcc49c4bf2e5f0a21c0047c2abf332540dd0"
    "32e167c2955d"
    /* close_notify */
    "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";

static const char resumed_client[] =
    /* ClientHello */
    "1603010200010001fc03031bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649"
    "d7b4bc419d7876487d95000006130113031302010001cd0000000b000900000673"
    "6572766572ff01000100000a00140012001d001700180019010001010102010301"
    "04003300260024001d0020e4ffb68ac05f8d96c99da26698346c6be16482baddda"
    "fe051a66b4f18d668f0b002a0000002b0003020304000d0020001e040305030603"
    "020308040805080604010501060102010402050206020202002d00020101001c00"
    "024001001500570000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000002900dd00"
    "b800b22c035d829359ee5ff7af4ec900000000262a6494dc486d2c8a34cb33fa90"
    "bf1b0070ad3c498883c9367c09a2be785abc55cd226097a3a982117283f82a03a1"
    "43efd3ff5dd36d64e861be7fd61d2827db279cce145077d454a3664d4e6da4d29e"
    "e03725a6a4dafcd0fc67d2aea70529513e3da2677fa5906c5b3f7d8f92f228bda4"
    "0dda721470f9fbf297b5aea617646fac5c03272e970727c621a79141ef5f7de650"
    "5e5bfbc388e93343694093934ae4d357fad6aacb0021203add4fb2d8fdf822a0ca"
    "3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d"
    /* 0-RTT data: "ABCDEF" */
    "1703030017ab1df420e75c457a7cc5d2844f76d5aee4b4edbf049be0"
    /* EndOfEarlyData */
    "1703030015aca6fc944841298df99593725f9bf9754429b12f09"
    /* Finished */
    "170303003500f8b467d14cf22a4b3f0b6ae0d8e6cc8d08e0db3515ef5c2bdf1922"
    "eafbb70009964716d834fb70c3d2a56c5b1f5f6bdba6c333cf"
    /* application data */
    "1703030043b1cebce242aa201be9ae5e1cb2a9aa4b33d4e866af1edb0689192377"
    "41aa031d7a74d491c99b9d4e232b74206bc6fbaa04fe78be44a9b4f54320a17eb7"
    "6992afac3103"
    /* close_notify */
    "17030300130facce3246bdfc6369838d6a82ae6de5d422dc";

static const char resumed_server[] =
    /* ServerHello */
    "16030300600200005c03033ccfd2dec890222763472ae8136777c9d7358777bb66"
    "e91ea5122495f559ea2d00130100003400290002000000330024001d0020121761"
    "ee42c333e1b9e77b60dd57c2053cd94512ab47f115e86eff50942cea31002b0002"
    "0304"
    /* EncryptedExtensions and Finished */
    "1703030061dc48237b4b879f50d0d4d262ea8b4716eb40ddc1eb957e11126e8a71"
    "49c2d012d37a7115957e64ce30008b9e0323f2c05a9c1c77b4f37849a695ab2550"
    "60a33fee770ca95cb8486bfd0843b87024865ca35cc41c4e515c64dcb1369f9863"
    "5bc7a5"
    /* application data */
    "1703030043275e9f20acff57bc000657d3867df039cccf79047884cf75771746f7"
    "40b5a83f462a0954c3581393a203a25a7dd14141ef1a37900cdb62ff62dee1ba39"
    "ab2590cbf194"
    /* close_notify */
    "17030300135b18af444e8e1eec7158fb62d8f2577d37ba5d";

static const char simple_flight_keys[] =
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET "
    "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7 "
    "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21\n"
    "SERVER_HANDSHAKE_TRAFFIC_SECRET "
    "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7 "
    "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38\n";

static const char simple_data_keys[] =
    "CLIENT_TRAFFIC_SECRET_0 "
    "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7 "
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5\n"
    "SERVER_TRAFFIC_SECRET_0 "
    "cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7 "
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643\n";

static const char resumed_flight_keys[] =
    "CLIENT_EARLY_TRAFFIC_SECRET "
    "1bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95 "
    "3fbbe6a60deb66c30a32795aba0eff7eaa10105586e7be5c09678d63b6caab62\n"
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET "
    "1bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95 "
    "2faac08f851d35fea3604fcb4de82dc62c9b164a70974d0462e27f1ab278700f\n"
    "SERVER_HANDSHAKE_TRAFFIC_SECRET "
    "1bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95 "
    "fe927ae271312e8bf0275b581c54eef020450dc4ecffaa05a1a35d27518e7803\n";

static const char resumed_data_keys[] =
    "CLIENT_TRAFFIC_SECRET_0 "
    "1bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95 "
    "2abbf2b8e381d23dbebe1dd2a7d16a8bf484cb4950d23fb7fb7fa8547062d9a1\n"
    "SERVER_TRAFFIC_SECRET_0 "
    "1bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95 "
    "cc21f1bf8feb7dd5fa505bd9c4b468a9984d554a993dc49e6d285598fb672691\n";

/* What is known of a trace, and where KTLS takes over. */
struct trace_row {
	const char *client, *server;
	const char *flight_keys, *data_keys; /* NULL: not in the log */
	size_t border[2];
	bool real, inferred;
	size_t early_bytes;
};

static const struct trace_row trace_rows[] = {
    {simple_client,
     simple_server,
     simple_flight_keys,
     simple_data_keys,
     {259, 774},
     true,
     false,
     0},
    {simple_client,
     simple_server,
     NULL,
     simple_data_keys,
     {259, 774},
     true,
     true,
     0},
    {simple_client,
     simple_server,
     simple_flight_keys,
     NULL,
     {259, 774},
     false,
     false,
     0},
    {simple_client, simple_server, NULL, NULL, {259, 774}, false, true, 0},
    {resumed_client,
     resumed_server,
     resumed_flight_keys,
     resumed_data_keys,
     {629, 203},
     true,
     false,
     6},
    {resumed_client,
     resumed_server,
     NULL,
     resumed_data_keys,
     {629, 203},
     true,
     true,
     0},
    {resumed_client,
     resumed_server,
     resumed_flight_keys,
     NULL,
     {629, 203},
     false,
     false,
     6},
    {resumed_client, resumed_server, NULL, NULL, {629, 203}, false, true, 0},
};

static struct talk talk;
static struct tls_ear ear;
static struct keylog *keylog;

static void
add_keys(const char *text)
{
	struct keylog_stats stats;

	if (text != NULL)
		ck_assert_int_eq(
		    keylog_add(keylog, text, strlen(text), 0, &stats), 0);
}

static void
begin(const struct trace_row *row)
{
	const struct talk_hello hello = {.version = TLS_1_3,
					 .suite_id = 0x1301};

	talk_init(&talk, &hello);
	talk.len[TALK_CLIENT] =
	    hex_decode(row->client, talk.bytes[TALK_CLIENT], TALK_BYTES_MAX);
	talk.len[TALK_SERVER] =
	    hex_decode(row->server, talk.bytes[TALK_SERVER], TALK_BYTES_MAX);
	keylog = keylog_create();
	add_keys(row->flight_keys);
	add_keys(row->data_keys);
	tls_ear_init(&ear, &talk, keylog);
}

static void
end(void)
{
	tls_ear_fini(&ear);
	keylog_destroy(keylog);
	talk_fini(&talk);
}

/* The RFC's application data: 50 bytes that count from 0. */
static void
check_data(const uint8_t *bytes, size_t len)
{
	ck_assert_uint_eq(len, 50);
	for (size_t i = 0; i < len; i++)
		ck_assert_uint_eq(bytes[i], i);
}

/* Open what is left of a direction; it must end with a close_notify. */
static void
open_rest(int direction)
{
	struct tls_opener opener = {.pool = NULL};
	struct handshake_output output;
	struct tls_plaintext plaintext;
	uint8_t out[1024];
	unsigned closes = 0;

	tls_opener_init(&opener, ear.pool, &ear.install[direction].key);
	for (size_t at = ear.at[direction]; at < talk.len[direction];) {
		const uint8_t *record = talk.bytes[direction] + at;
		size_t len = 5 + (size_t)(record[3] << 8 | record[4]);

		ck_assert_int_eq(
		    tls_open(&opener, record, len, out, &plaintext), 0);
		at += len;
		if (plaintext.type == TLS_APPLICATION_DATA) {
			check_data(out, plaintext.len);
			continue;
		}
		ck_assert_int_eq(
		    handshake_record(ear.hs, (enum flow_direction)direction,
				     plaintext.type, out, plaintext.len,
				     &output),
		    0);
		for (unsigned i = 0; i < output.count; i++)
			closes += output.effect[i].kind == HANDSHAKE_CLOSE;
	}
	ck_assert_uint_eq(closes, 1);
	tls_opener_fini(&opener);
}

START_TEST(test_handshake_rfc8448_takes_over_behind_the_finished)
{
	const struct trace_row *row = &trace_rows[_i];
	struct handshake_info info;

	for (uint32_t seed = 1; seed <= 20; seed++) {
		begin(row);
		tls_ear_offer_pieces(&ear, seed);
		handshake_read_info(ear.hs, &info);
		ck_assert_int_eq(info.version, TLS_1_3);
		ck_assert_uint_eq(ear.early_bytes, row->early_bytes);
		for (int i = 0; i < 2; i++) {
			ck_assert(ear.decided[i]);
			ck_assert_uint_eq(ear.at[i], row->border[i]);
			ck_assert_int_eq(!ear.install[i].model, row->real);
			ck_assert_int_eq(info.border_inferred[i],
					 row->inferred);
			if (row->real)
				open_rest(i);
		}
		end();
	}
}
END_TEST

Suite *handshake_rfc8448_suite(void);

Suite *
handshake_rfc8448_suite(void)
{
	const struct suite_test tests[] = {
	    {"takes_over_behind_the_finished",
	     test_handshake_rfc8448_takes_over_behind_the_finished,
	     ROWS(trace_rows)},
	};

	return suite_create_table("handshake_rfc8448", tests, ROWS(tests), NULL,
				  NULL, 0);
}
