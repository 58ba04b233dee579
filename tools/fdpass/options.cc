#include "tools/fdpass/options.h"

#include <sys/socket.h>

#include <algorithm>

#include "lib/ipc/descriptors.h"
#include "tools/command_line/start.h"
#include "tools/command_line/values.h"

namespace emilua::fdpass {
namespace {

using tools::option_table;

constexpr const char* send_notes =
    "FD is a number, open:r:PATH, open:rw:PATH, tcp-listen:HOST:PORT, unix-listen:PATH,\n"
    "memfd:TEXT or pidfd:PID. HOST is a numeric address, [::1] in brackets, or nothing for\n"
    "all; a PATH that begins with @ is an abstract name.";

constexpr const char* receive_notes =
    "PROGRAM has the descriptors from 3 on, and LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES,\n"
    "as in socket activation. Without PROGRAM, what came is printed. Descriptors beyond\n"
    "--count are closed.";

int socket_type(const std::string& text) {
  if (text == "seqpacket") return SOCK_SEQPACKET;
  if (text == "stream") return SOCK_STREAM;
  if (text == "datagram") return SOCK_DGRAM;
  tools::refuse("--type", text, "seqpacket, stream or datagram expected");
}

std::string descriptor_name(const std::string& text) {
  const bool visible =
      std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != ':'; });
  if (text.empty() || text.size() > 255 || !visible)
    tools::refuse("--name", text, "not up to 255 visible characters without a colon");
  return text;
}

class command_line {
 public:
  command_line()
      : table_("fdpass", "Passes descriptors between programs.", {"COMMAND [OPTION...] ..."}) {
    table_.add_command(send());
    table_.add_command(receive());
    table_.add_command(pair());
    table_.add_status({"1", "it did not work"});
    table_.add_status({"2", "wrong command line"});
    table_.add_status({"124", "--timeout was over"});
    table_.add_status({"126, 127", "PROGRAM cannot be executed; was not found"});
    table_.add_status({"otherwise", "PROGRAM's (128 + N if signal N killed it)"});
    table_.add_example({"fdpass recv --listen=ctl --timeout=9 -- my-server",
                        "Starts a server as soon as somebody hands it its listening socket"});
    table_.add_example({"fdpass send --to=ctl --timeout=9 tcp-listen:127.0.0.1:8080",
                        "Opens that socket, and hands it over"});
  }

  [[nodiscard]] const option_table& table() const { return table_; }

  boost::system::result<options, tools::parse_end> parse(const std::vector<std::string>& words) {
    auto line = table_.parse(words);
    if (!line) return line.error();
    std::vector<std::string>& rest = line->words;
    const bool dashes = !rest.empty() && rest.front() == "--";
    if (dashes) rest.erase(rest.begin());
    if (line->command == "send") return finish_send(std::move(rest));
    if (!dashes && !rest.empty())
      return complaint(line->command, "'" + rest.front() + "': a -- before PROGRAM is missing");
    if (line->command == "pair") return finish_pair(rest);
    return finish_receive(std::move(rest));
  }

 private:
  static tools::parse_end complaint(const std::string& command, const std::string& what) {
    return option_table{"fdpass " + command, "", {}}.complaint(what);
  }

  void add_type(option_table& table) {
    table.add({"--type", "TYPE", "seqpacket (the default), stream or datagram",
               [this](const std::string& v) { out_.connection.type = socket_type(v); }});
  }

  void add_connection(option_table& table) {
    add_type(table);
    table.add({"--timeout", "S", "Wait at most S seconds for the other side",
               [this](const std::string& v) {
                 out_.connection.patience = tools::seconds("--timeout", v);
               }});
    table.add(
        {"--peer-uid", "N", "Deal only with a process of user N", [this](const std::string& v) {
           out_.connection.peer_uid =
               static_cast<uid_t>(tools::number("--peer-uid", v, 0xfffffffe));
         }});
    table.add({"--peer-pid", "N", "Deal only with process N", [this](const std::string& v) {
                 out_.connection.peer_pid =
                     static_cast<pid_t>(tools::number("--peer-pid", v, 0x7fffffff));
               }});
  }

  option_table send() {
    option_table table{
        "fdpass send", "Send descriptors.", {"(--to=PATH|@NAME|fd:N) [OPTION...] FD..."}};
    table.add({"--to", "SOCKET", "A path, @NAME (abstract) or fd:N (inherited)",
               [this](const std::string& v) { out_.peer = parse_endpoint("--to", v); }});
    table.add({"--data", "TEXT", "The message that carries them; a dot unless given",
               [this](const std::string& v) { out_.data = v; }});
    add_connection(table);
    table.set_notes(send_notes);
    table.add_example(
        {"fdpass send --to=/run/app.sock open:r:/etc/hosts", "Hands a file over for reading"});
    table.add_example(
        {"fdpass send --to=fd:3 --data=log 1", "Sends our standard output to descriptor 3's peer"});
    return table;
  }

  option_table receive() {
    option_table table{"fdpass recv",
                       "Receive descriptors, and run a program with them.",
                       {"(--from=PATH|@NAME|fd:N | --listen=PATH|@NAME) [OPTION...]",
                        "(--from=... | --listen=...) [OPTION...] -- PROGRAM [ARGUMENT...]"}};
    table.add({"--from", "SOCKET", "Connect to a path or @NAME; or fd:N (inherited)",
               [this](const std::string& v) { out_.peer = parse_endpoint("--from", v); }});
    table.add({"--listen",
               "SOCKET",
               "Wait for somebody who connects",
               [this](const std::string& v) { out_.local = parse_endpoint("--listen", v); },
               {"--from"}});
    table.add({"--count", "N", "Wait until there are N descriptors, not for one message",
               [this](const std::string& v) {
                 out_.count = tools::number("--count", v, ipc::max_descriptors);
               }});
    add_connection(table);
    table.add({"--name", "NAME", "Call the next descriptor so in LISTEN_FDNAMES",
               [this](const std::string& v) { out_.names.push_back(descriptor_name(v)); }});
    table.add({"--env", "", "Set FDPASS_DATA, FDPASS_PEER_PID, _UID and _GID, too",
               [this](const std::string&) { out_.tell = true; }});
    table.add({"--json", "", "Print what came as JSON",
               [this](const std::string&) { out_.json = true; }});
    table.set_notes(receive_notes);
    table.add_example({"fdpass recv --listen=@ctl --peer-uid=0 --json", "Shows what root sends"});
    table.add_example({"fdpass recv --from=fd:3 -- cat /dev/fd/3",
                       "Reads a file that the other side has opened"});
    return table;
  }

  option_table pair() {
    option_table table{"fdpass pair",
                       "Run two programs joined by a socket pair on descriptor 3.",
                       {"[--type=TYPE] -- A [ARGUMENT...] ::: B [ARGUMENT...]"}};
    add_type(table);
    table.set_notes("The exit status is A's, or if that is 0, B's.");
    table.add_example({"fdpass pair -- fdpass send --to=fd:3 0 ::: fdpass recv --from=fd:3 --json",
                       "Shows what our standard input is"});
    table.add_example({"fdpass pair --type=stream -- ./server ::: ./client",
                       "Runs a client and a server that nobody else can reach"});
    return table;
  }

  boost::system::result<options, tools::parse_end> finish_send(std::vector<std::string> rest) {
    if (!out_.peer) return complaint("send", "--to is missing");
    if (rest.empty()) return complaint("send", "no FD is given");
    if (rest.size() > ipc::max_descriptors)
      return complaint("send", "more than " + std::to_string(ipc::max_descriptors) + " FDs");
    if (out_.data.empty()) return complaint("send", "--data: '': a message cannot be empty");
    out_.sources = std::move(rest);
    return std::move(out_);
  }

  boost::system::result<options, tools::parse_end> finish_receive(std::vector<std::string> rest) {
    out_.what = options::command::receive;
    if (!out_.peer && !out_.local) return complaint("recv", "--from or --listen is missing");
    if (out_.local && out_.local->what == endpoint::kind::descriptor)
      return complaint("recv", "--listen: fd:N is connected already; use --from");
    if (out_.connection.type == SOCK_DGRAM && out_.peer &&
        out_.peer->what != endpoint::kind::descriptor)
      return complaint("recv", "--type: datagram: nothing comes from there; use --listen");
    if (!rest.empty()) {
      if (out_.json) return complaint("recv", "--json prints, and runs no program");
      out_.programs.push_back(std::move(rest));
    } else if (out_.tell || !out_.names.empty()) {
      return complaint("recv", "--env and --name are for a PROGRAM, which is missing");
    }
    return std::move(out_);
  }

  boost::system::result<options, tools::parse_end> finish_pair(
      const std::vector<std::string>& rest) {
    out_.what = options::command::pair;
    const auto middle = std::ranges::find(rest, ":::");
    if (middle == rest.end()) return complaint("pair", "::: between the programs is missing");
    if (middle == rest.begin() || middle + 1 == rest.end())
      return complaint("pair", "a program beside ::: is missing");
    out_.programs = {{rest.begin(), middle}, {middle + 1, rest.end()}};
    return std::move(out_);
  }

  option_table table_;
  options out_;
};

}  // namespace

void describe(const std::function<void(const tools::option_table&)>& reader) {
  reader(command_line{}.table());
}

boost::system::result<options, tools::parse_end> parse_options(int argc, char** argv) {
  return command_line{}.parse(tools::words(argc, argv));
}

}  // namespace emilua::fdpass
