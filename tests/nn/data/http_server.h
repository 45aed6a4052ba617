#pragma once

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace taper::test {

/// A web server on the loopback address, in a thread of its own. It closes after every answer.
class HttpServer {
 public:
  struct Reply {
    std::string body;
    std::size_t left_out = 0;  // bytes at the end that are announced and not sent
  };

  /// Answers by path; every other path gets 404.
  explicit HttpServer(std::map<std::string, Reply> replies) : replies_(std::move(replies)) {
    sockaddr_in address = loopback();
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (socket_ < 0 || ::bind(socket_, generic, size) || ::listen(socket_, 64) ||
        ::getsockname(socket_, generic, &size))
      throw std::runtime_error("cannot open a port on 127.0.0.1");
    url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    stop_ = true;
    thread_.join();
    ::close(socket_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const std::string& url() const { return url_; }

  /// How many requests came.
  int requests() const { return requests_; }

 private:
  static sockaddr_in loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void serve() {
    while (!stop_) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) continue;
      answer(client);
      ::close(client);
    }
  }

  void answer(int client) {
    std::string request = read_request(client);
    ++requests_;
    std::size_t begin = request.find(' ') + 1;
    auto reply = replies_.find(request.substr(begin, request.find(' ', begin) - begin));
    if (reply == replies_.end()) {
      send_all(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    const auto& [body, left_out] = reply->second;
    send_all(client,
             fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                         body.size(), body.substr(0, body.size() - left_out)));
  }

  static std::string read_request(int client) {
    timeval limit{5, 0};
    ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string request;
    std::array<char, 4096> buffer;
    while (request.find("\r\n\r\n") == request.npos) {
      ssize_t size = ::recv(client, buffer.data(), buffer.size(), 0);
      if (size <= 0) break;
      request.append(buffer.data(), static_cast<std::size_t>(size));
    }
    return request;
  }

  static void send_all(int client, const std::string& text) {
    for (std::size_t sent = 0; sent < text.size();) {
      ssize_t size = ::send(client, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (size <= 0) return;
      sent += static_cast<std::size_t>(size);
    }
  }

  std::map<std::string, Reply> replies_;
  int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string url_;
  std::atomic<bool> stop_{false};
  std::atomic<int> requests_{0};
  std::thread thread_;
};

}  // namespace taper::test
