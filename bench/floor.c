/* The floor of the load bench: the least that a durable relay can be. `floor PORT DATABASE`
 *
 * One thread, epoll, WebSockets on /ws/customer and /ws/agent of 127.0.0.1 with frames of contracts/chat_socket.md
 * (hello, subscribe, send; welcome, state, ack, event) and the desk's tables in SQLite (WAL, synchronous=FULL). All
 * that was read in one pass is one transaction; what answers it is sent after the commit. Nothing is checked: any token
 * is good, a conversation begins with its customer's hello, who subscribes has it, JSON is searched for its fields.
 * Ends with a sentence when anything goes wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PASS = 1024, READ = 65536, CONVERSATIONS = 65536, NAME = 64, LONGEST = 32768, MESSAGE_ID = 28 };

struct conversation { char id[NAME + 1]; struct connection *agent; };
struct buffer { char *bytes; size_t used, size; };
struct connection {
    int fd, open, agent, blocked;
    struct buffer in, out;
    struct conversation *talk;
    struct connection *next; /* with something to send after the commit */
    int listed;
};
struct part { const char *at; int size; };

static struct conversation conversations[CONVERSATIONS];
static int conversation_count, in_transaction, poll_fd;
static struct connection *to_send;
static sqlite3 *database;
static sqlite3_stmt *begin, *commit, *create, *next_seq, *insert;
static char stored_at[40], told_at[40], message_time[11]; /* of this pass */
static uint64_t noise;
static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's, as in the desk's ids */

static void fail(const char *words) {
    int of_database = database && sqlite3_errcode(database) != SQLITE_OK;
    fprintf(stderr, "floor: %s: %s\n", words, of_database ? sqlite3_errmsg(database) : strerror(errno));
    exit(1);
}

/* ---- SHA-1 and base64 of the handshake ---- */

static uint32_t turn(uint32_t word, int bits) { return word << bits | word >> (32 - bits); }

static void sha1(const char *text, size_t size, unsigned char digest[20]) {
    uint32_t h[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}, w[80];
    unsigned char blocks[192] = {0};
    size_t whole = (size + 9 + 63) / 64 * 64;
    memcpy(blocks, text, size);
    blocks[size] = 0x80;
    for (int i = 0; i < 8; i++) blocks[whole - 1 - i] = (uint64_t)size * 8 >> 8 * i;
    for (size_t at = 0; at < whole; at += 64) {
        for (int i = 0; i < 64; i++) w[i / 4] = w[i / 4] << 8 | blocks[at + i];
        for (int i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? ((b & c) | (~b & d)) + 0x5A827999 : i < 40 ? (b ^ c ^ d) + 0x6ED9EBA1
                       : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC : (b ^ c ^ d) + 0xCA62C1D6;
            uint32_t sum = turn(a, 5) + f + e + w[i];
            e = d, d = c, c = turn(b, 30), b = a, a = sum;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) digest[i] = h[i / 4] >> (24 - 8 * (i % 4));
}

static void base64(const unsigned char digest[20], char out[29]) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int i = 0; i < 7; i++) {
        uint32_t three = digest[3 * i] << 16 | digest[3 * i + 1] << 8 | (i < 6 ? digest[3 * i + 2] : 0);
        for (int k = 0; k < 4; k++) out[4 * i + k] = letters[three >> (18 - 6 * k) & 63];
    }
    out[27] = '=', out[28] = 0;
}

/* ---- what is sent ---- */

static void append(struct buffer *buffer, const void *bytes, size_t size) {
    if (buffer->used + size > buffer->size) {
        buffer->size = (buffer->used + size) * 2;
        buffer->bytes = realloc(buffer->bytes, buffer->size);
        if (!buffer->bytes) fail("memory");
    }
    if (size) memcpy(buffer->bytes + buffer->used, bytes, size);
    buffer->used += size;
}

static void put(struct connection *to, const void *bytes, size_t size) {
    append(&to->out, bytes, size);
    if (!to->listed) to->listed = 1, to->next = to_send, to_send = to;
}

static void put_frame(struct connection *to, const char *text, size_t size) {
    unsigned char head[4] = {0x81, size < 126 ? size : 126, size >> 8, size};
    put(to, head, size < 126 ? 2 : 4);
    put(to, text, size);
}

static void watch(struct connection *one, int operation) {
    struct epoll_event event = {.events = EPOLLIN | (one->blocked ? EPOLLOUT : 0), .data.ptr = one};
    if (epoll_ctl(poll_fd, operation, one->fd, &event)) fail("epoll_ctl");
}

static void drop(struct connection *one) { /* freed at the end of the pass, where it is listed */
    for (int i = 0; i < conversation_count; i++)
        if (conversations[i].agent == one) conversations[i].agent = NULL;
    close(one->fd), one->fd = -1;
    put(one, "", 0);
}

static void flush(struct connection *one) {
    ssize_t sent = one->out.used ? send(one->fd, one->out.bytes, one->out.used, MSG_NOSIGNAL) : 0;
    if (sent < 0 && errno != EAGAIN) one->out.used = 0; /* its end is read in the next pass */
    if (sent > 0) memmove(one->out.bytes, one->out.bytes + sent, one->out.used -= sent);
    if (one->blocked != (one->out.used > 0)) one->blocked = !one->blocked, watch(one, EPOLL_CTL_MOD);
}

/* ---- the database ---- */

static sqlite3_stmt *prepare(const char *text) {
    sqlite3_stmt *made;
    if (sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, &made, NULL)) fail(text);
    return made;
}

static void run(sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) fail(sqlite3_sql(statement));
    sqlite3_reset(statement);
}

static void set_text(sqlite3_stmt *statement, int place, const char *text, int size) {
    sqlite3_bind_text(statement, place, text, size, SQLITE_STATIC);
}

static void open_database(const char *path) {
    static const char *tables =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "CREATE TABLE conversations (id VARCHAR(64) NOT NULL, state VARCHAR(16) NOT NULL, owner_kind VARCHAR(8) NOT"
        " NULL, owner_agent_id VARCHAR(64), owner_agent_name TEXT, fence BIGINT NOT NULL, session INTEGER NOT NULL,"
        " last_seq BIGINT NOT NULL, last_customer_seq BIGINT NOT NULL, bot_cursor BIGINT NOT NULL, rating_session"
        " INTEGER, customer_id VARCHAR(64), customer_name TEXT, token_hash VARCHAR(64) NOT NULL, page JSON, device"
        " JSON, locale VARCHAR(32) NOT NULL, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL,"
        " customer_seen_at DATETIME, customer_read_seq BIGINT DEFAULT 0 NOT NULL, agent_read_seq BIGINT DEFAULT 0 NOT"
        " NULL, PRIMARY KEY (id));"
        "CREATE INDEX waiting ON conversations (id) WHERE owner_kind = 'bot' AND last_customer_seq > bot_cursor;"
        "CREATE INDEX customer ON conversations (customer_id, created_at);"
        "CREATE INDEX owner ON conversations (owner_kind, owner_agent_id);"
        "CREATE TABLE events (conversation_id VARCHAR(64) NOT NULL, seq BIGINT NOT NULL, type VARCHAR(32) NOT NULL,"
        " sender VARCHAR(16) NOT NULL, message_id VARCHAR(64) NOT NULL, client_id VARCHAR(128), text TEXT, payload"
        " TEXT, buttons JSON, card JSON, agent_id VARCHAR(64), agent_name TEXT, understanding JSON, session INTEGER"
        " NOT NULL, at DATETIME NOT NULL, attachments JSON, PRIMARY KEY (conversation_id, seq), UNIQUE (message_id),"
        " UNIQUE (conversation_id, client_id), FOREIGN KEY(conversation_id) REFERENCES conversations (id))";
    if (sqlite3_open(path, &database) || sqlite3_exec(database, tables, NULL, NULL, NULL)) fail(path);
    begin = prepare("BEGIN IMMEDIATE"), commit = prepare("COMMIT");
    create = prepare("INSERT OR IGNORE INTO conversations VALUES (?1, 'active', 'agent', 'a_' || ?1, 'load0', 2, 1, 0,"
                     " 0, 0, NULL, NULL, NULL, hex(randomblob(32)), NULL, NULL, 'zh-CN', ?2, ?2, NULL, 0, 0)");
    next_seq = prepare("UPDATE conversations SET last_seq = last_seq + 1, updated_at = ?2,"
                       " last_customer_seq = last_seq + 1 WHERE id = ?1 RETURNING last_seq, session");
    insert = prepare("INSERT INTO events VALUES (?1, ?2, 'message', 'customer', ?3, ?4, ?5,"
                     " NULL, NULL, NULL, NULL, NULL, NULL, ?6, ?7, NULL)");
}

static void begin_once(void) {
    if (!in_transaction) run(begin), in_transaction = 1;
}

/* ---- frames ---- */

static void note_time(void) {
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t size = strftime(stored_at, sizeof stored_at, "%Y-%m-%d %H:%M:%S", &parts);
    snprintf(stored_at + size, sizeof stored_at - size, ".%06ld", now.tv_nsec / 1000);
    size = strftime(told_at, sizeof told_at, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(told_at + size, sizeof told_at - size, ".%03ldZ", now.tv_nsec / 1000000);
    uint64_t moment = now.tv_sec * 1000ull + now.tv_nsec / 1000000;
    for (int i = 9; i >= 0; i--, moment >>= 5) message_time[i] = digits[moment & 31];
}

static void new_message_id(char id[MESSAGE_ID + 1]) {
    sprintf(id, "m_%s", message_time);
    for (int i = 12; i < MESSAGE_ID; i++) {
        noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
        id[i] = digits[noise >> 20 & 31];
    }
    id[MESSAGE_ID] = 0;
}

/* The string behind `name`, with its escapes as they are; the sender's own, so they go on as they came. */
static struct part field(const char *text, size_t size, const char *name) {
    const char *at = memmem(text, size, name, strlen(name)), *end;
    if (!at) fail(name);
    at += strlen(name);
    for (end = at; end < text + size && *end != '"'; end++) end += *end == '\\';
    return (struct part){at, end - at};
}

static struct conversation *find(struct part id) {
    for (int i = 0; i < conversation_count; i++)
        if (!strncmp(conversations[i].id, id.at, id.size) && !conversations[i].id[id.size]) return &conversations[i];
    if (conversation_count == CONVERSATIONS || id.size > NAME) fail("conversations");
    memcpy(conversations[conversation_count].id, id.at, id.size);
    return &conversations[conversation_count++];
}

static void relay(struct connection *from, const char *text, size_t size) {
    static char frame[LONGEST + 1024];
    struct part cid = field(text, size, "\"cid\":\""), words = field(text, size, "\"text\":\"");
    struct conversation *talk = from->talk;
    char id[MESSAGE_ID + 1];
    new_message_id(id);
    begin_once();
    set_text(next_seq, 1, talk->id, -1), set_text(next_seq, 2, stored_at, -1);
    if (sqlite3_step(next_seq) != SQLITE_ROW) fail("no conversation");
    long long seq = sqlite3_column_int64(next_seq, 0);
    set_text(insert, 1, talk->id, -1), set_text(insert, 3, id, MESSAGE_ID), set_text(insert, 4, cid.at, cid.size);
    set_text(insert, 5, words.at, words.size), set_text(insert, 7, stored_at, -1);
    sqlite3_bind_int64(insert, 2, seq), sqlite3_bind_int64(insert, 6, sqlite3_column_int64(next_seq, 1));
    run(next_seq);
    run(insert);
    int length = sprintf(frame, "{\"type\":\"ack\",\"cid\":\"%.*s\",\"message_id\":\"%s\",\"seq\":%lld}",
        cid.size, cid.at, id, seq);
    put_frame(from, frame, length);
    length = sprintf(frame,
        "{\"type\":\"event\",\"event\":{\"conversation\":\"%s\",\"seq\":%lld,\"type\":\"message\","
        "\"sender\":\"customer\",\"message_id\":\"%s\",\"at\":\"%s\",\"client_id\":\"%.*s\",\"text\":\"%.*s\"}}",
        talk->id, seq, id, told_at, cid.size, cid.at, words.size, words.at);
    put_frame(from, frame, length);
    if (talk->agent) put_frame(talk->agent, frame, length);
}

static void hear(struct connection *from, const char *text, size_t size) {
    static const char welcome[] = "{\"type\":\"welcome\",\"seq\":0}";
    struct part type = field(text, size, "\"type\":\"");
    char state[160];
    if (!strncmp(type.at, "send", 4) && from->talk) {
        relay(from, text, size);
    } else if (!strncmp(type.at, "hello", 5)) {
        if (!from->agent) {
            from->talk = find(field(text, size, "\"conversation\":\""));
            begin_once();
            set_text(create, 1, from->talk->id, -1), set_text(create, 2, stored_at, -1);
            run(create);
        }
        put_frame(from, welcome, sizeof welcome - 1);
    } else if (!strncmp(type.at, "subscribe", 9)) {
        struct conversation *talk = find(field(text, size, "\"conversation\":\""));
        talk->agent = from;
        put_frame(from, state, sprintf(state, "{\"type\":\"state\",\"conversation\":\"%s\"}", talk->id));
    } else fail("an unknown frame");
}

static size_t upgrade(struct connection *one) {
    static const char after[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", name[] = "sec-websocket-key: ";
    char *end = memmem(one->in.bytes, one->in.used, "\r\n\r\n", 4), joined[61], accept[29], answer[160];
    unsigned char digest[20];
    if (!end) return 0;
    *end = 0;
    char *key = strcasestr(one->in.bytes, name);
    if (!key || strlen(key) < sizeof name + 23) fail("no WebSocket");
    memcpy(joined, key + sizeof name - 1, 24), memcpy(joined + 24, after, 36);
    sha1(joined, 60, digest), base64(digest, accept);
    one->open = 1, one->agent = !strncmp(one->in.bytes, "GET /ws/agent ", 14);
    put(one, answer, sprintf(answer, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                     "Sec-WebSocket-Accept: %s\r\n\r\n", accept));
    return end + 4 - one->in.bytes;
}

/* Hears the frame at the beginning of these bytes; its size, or 0 while it is not whole. */
static size_t take_frame(struct connection *one, unsigned char *bytes, size_t there) {
    if (there < 6) return 0;
    size_t size = bytes[1] & 127, head = size == 126 ? 8 : 6;
    if (size == 126) size = bytes[2] << 8 | bytes[3];
    if (size > LONGEST || !(bytes[1] & 128)) fail("a frame too long or not masked");
    unsigned char *key = bytes + head - 4, *text = bytes + head;
    if (there < head + size) return 0;
    for (size_t i = 0; i < size; i++) text[i] ^= key[i & 3];
    if (bytes[0] == 0x81) hear(one, (char *)text, size);
    else if (bytes[0] != 0x88) fail("a frame that is no text");
    return head + size;
}

static void receive(struct connection *one) {
    static char read_bytes[READ];
    ssize_t size = recv(one->fd, read_bytes, READ, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return drop(one);
    append(&one->in, read_bytes, size);
    size_t at = one->open ? 0 : upgrade(one), taken = 1;
    while (one->open && taken) at += taken = take_frame(one, (unsigned char *)one->in.bytes + at, one->in.used - at);
    memmove(one->in.bytes, one->in.bytes + at, one->in.used -= at);
}

static void accept_from(int listener) {
    int yes = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct connection *one = calloc(1, sizeof *one);
    if (!one) fail("memory");
    one->fd = fd, watch(one, EPOLL_CTL_ADD);
}

static void finish_pass(void) {
    if (in_transaction) run(commit), in_transaction = 0;
    while (to_send) {
        struct connection *one = to_send;
        to_send = one->next, one->listed = 0;
        if (one->fd >= 0) flush(one);
        else free(one->in.bytes), free(one->out.bytes), free(one);
    }
}

int main(int count, char **words) {
    if (count != 3) return fputs("floor PORT DATABASE\n", stderr), 2;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct connection listener = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
    struct epoll_event ready[PASS];
    address.sin_port = htons(atoi(words[1]));
    if (getrandom(&noise, sizeof noise, 0) != sizeof noise) fail("getrandom");
    open_database(words[2]);
    if (bind(listener.fd, (struct sockaddr *)&address, sizeof address) || listen(listener.fd, 1024)) fail("listen");
    poll_fd = epoll_create1(0);
    watch(&listener, EPOLL_CTL_ADD);
    for (;;) {
        int found = epoll_wait(poll_fd, ready, PASS, -1);
        if (found < 0 && errno != EINTR) fail("epoll_wait");
        note_time();
        for (int i = 0; i < found; i++) {
            struct connection *one = ready[i].data.ptr;
            if (one == &listener) accept_from(one->fd);
            else if (ready[i].events & ~EPOLLOUT) receive(one);
            else put(one, "", 0);
        }
        finish_pass();
    }
}
